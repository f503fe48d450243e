-- The catalogue of models.

create table if not exists public.models (
  id text primary key,
  name text not null,
  family text not null,
  task text not null,
  can_detect_cars boolean not null,
  weights text,
  runtimes text[] not null default '{}',
  default_runtime text,
  description text not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint models_id_is_a_name check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$' and id <> 'tie'),
  constraint models_task_known check (
    task in ('object-detection', 'image-classification', 'fill-mask', 'automatic-speech-recognition')),
  constraint models_car_detectors_see_images check (
    not can_detect_cars or task in ('object-detection', 'image-classification')),
  constraint models_car_detectors_have_a_runtime check (not can_detect_cars or default_runtime is not null),
  constraint models_default_runtime_is_offered check (
    default_runtime is null or default_runtime = any (runtimes))
);
alter table public.models enable row level security;

comment on table public.models is 'Catalogue of models. Jobs name models by id, never by a path or a URL.';
comment on column public.models.family is 'Which adapter loads it.';
comment on column public.models.task is 'Task name as the Hugging Face hub writes it.';
comment on column public.models.can_detect_cars is 'Whether it can compete. Jobs that name another model are refused at the insert.';
comment on column public.models.weights is 'Name of the weights file used unless the agent is set up with others.';
comment on column public.models.runtimes is 'What can run it.';

insert into public.models as m (id, name, family, task, can_detect_cars, weights, runtimes, default_runtime, description)
values
  ('Trained_yolov5', 'YOLOv5s', 'ultralytics', 'object-detection', true, 'yolov5su.pt', '{pytorch}', 'pytorch',
   'One-stage detector.'),
  ('Trained_yolov8', 'YOLOv8s', 'ultralytics', 'object-detection', true, 'yolov8s.pt', '{pytorch}', 'pytorch',
   'One-stage, anchor-free detector.'),
  ('efficientnet_b0', 'EfficientNet-B0', 'timm', 'image-classification', true, 'efficientnet_b0_ra-3dd342df.pth', '{pytorch}', 'pytorch',
   'ImageNet classifier. Its count is an estimate: peaks of the class activation map over the car classes; no boxes.'),
  ('detectron2', 'Faster R-CNN R50-FPN 3x', 'detectron2', 'object-detection', true,
   'model_final_280758.pkl', '{pytorch}', 'pytorch', 'Two-stage detector.'),
  ('roberta_base', 'RoBERTa base', 'transformers', 'fill-mask', false, null, '{}', null,
   'Language model: reads text, cannot see images.'),
  ('wav2vec2', 'wav2vec 2.0', 'transformers', 'automatic-speech-recognition', false, null, '{}', null,
   'Speech model: hears audio, cannot see images.')
on conflict (id) do update set
  name = excluded.name, family = excluded.family, task = excluded.task, can_detect_cars = excluded.can_detect_cars,
  weights = excluded.weights, runtimes = excluded.runtimes, default_runtime = excluded.default_runtime,
  description = excluded.description;
