-- Written by `arena migrate --print-seed` from a catalogue of models. Do not edit; running it again is safe.
-- Nothing is deleted: results refer to their models.

insert into public.models as m (
  id, base_id, name, family, task, can_detect_cars, description, weights, licence, input_size, classes, runtime,
  default_runtime, runtimes
) values
  ('Trained_yolov5', NULL, 'YOLOv5s', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov5@torch-fp16', 'Trained_yolov5', 'YOLOv5s (torch-fp16)', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch-fp16', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov5@torch-compile', 'Trained_yolov5', 'YOLOv5s (torch-compile)', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch-compile', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov5@onnx', 'Trained_yolov5', 'YOLOv5s (onnx)', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'onnx', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov5@openvino', 'Trained_yolov5', 'YOLOv5s (openvino)', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'openvino', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov5@tensorrt', 'Trained_yolov5', 'YOLOv5s (tensorrt)', 'ultralytics', 'object-detection', true, 'One-stage detector, 9.1 M parameters, trained on COCO. Replace its weights by your own.', 'yolov5su.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'tensorrt', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8', NULL, 'YOLOv8s', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8@torch-fp16', 'Trained_yolov8', 'YOLOv8s (torch-fp16)', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch-fp16', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8@torch-compile', 'Trained_yolov8', 'YOLOv8s (torch-compile)', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'torch-compile', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8@onnx', 'Trained_yolov8', 'YOLOv8s (onnx)', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'onnx', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8@openvino', 'Trained_yolov8', 'YOLOv8s (openvino)', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'openvino', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('Trained_yolov8@tensorrt', 'Trained_yolov8', 'YOLOv8s (tensorrt)', 'ultralytics', 'object-detection', true, 'One-stage, anchor-free detector, 11.2 M parameters, trained on COCO. Replace its weights by your own.', 'yolov8s.pt', 'AGPL-3.0', 640, '{"car": "car"}'::jsonb, 'tensorrt', 'torch', '{torch,torch-fp16,torch-compile,onnx,openvino,tensorrt}'),
  ('efficientnet_b0', NULL, 'EfficientNet-B0', 'timm', 'image-classification', true, 'ImageNet classifier; counts cars by peaks of its class activation map. An estimate, without boxes.', 'efficientnet_b0.ra_in1k.safetensors', 'Apache-2.0', 640, '{}'::jsonb, 'torch', 'torch', '{torch}'),
  ('detectron2', NULL, 'Faster R-CNN R50-FPN 3x', 'detectron2', 'object-detection', true, 'Two-stage detector, 41.7 M parameters, trained on COCO. Needs detectron2, which is built from source.', 'model_final_280758.pkl', 'CC-BY-SA-3.0', 1333, '{"car": "car"}'::jsonb, 'torch', 'torch', '{torch}'),
  ('roberta_base', NULL, 'RoBERTa base', NULL, 'fill-mask', false, 'Language model: fills gaps in text. It sees no images, so it cannot be compared here.', NULL, NULL, NULL, '{}'::jsonb, NULL, NULL, '{}'),
  ('wav2vec2', NULL, 'wav2vec 2.0', NULL, 'automatic-speech-recognition', false, 'Speech model: writes down what it hears. It sees no images, so it cannot be compared here.', NULL, NULL, NULL, '{}'::jsonb, NULL, NULL, '{}')
on conflict (id) do update set
  base_id = excluded.base_id, name = excluded.name, family = excluded.family, task = excluded.task, can_detect_cars =
  excluded.can_detect_cars, description = excluded.description, weights = excluded.weights, licence = excluded.licence,
  input_size = excluded.input_size, classes = excluded.classes, runtime = excluded.runtime, default_runtime =
  excluded.default_runtime, runtimes = excluded.runtimes
where (
  m.base_id, m.name, m.family, m.task, m.can_detect_cars, m.description, m.weights, m.licence, m.input_size, m.classes,
  m.runtime, m.default_runtime, m.runtimes
) is distinct from (
  excluded.base_id, excluded.name, excluded.family, excluded.task, excluded.can_detect_cars, excluded.description,
  excluded.weights, excluded.licence, excluded.input_size, excluded.classes, excluded.runtime, excluded.default_runtime,
  excluded.runtimes
)
returning m.id;
