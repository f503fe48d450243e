"""All checks, in the order in which they are run: what is found out first serves what comes later."""

from agent.doctor.collector import look_at_collector
from agent.doctor.database import look_at_database, look_at_published_models
from agent.doctor.delivery import look_at_realtime
from agent.doctor.device import LOOK_SECONDS, look_at_gpu, look_at_other_use
from agent.doctor.energy import look_at_country, look_at_energy
from agent.doctor.examine import Check
from agent.doctor.folders import look_at_cache, look_at_image_root, look_at_temporary, look_at_weights_folder
from agent.doctor.key import look_at_key
from agent.doctor.memory import look_at_memory, look_at_shared_memory
from agent.doctor.models import look_at_downloads, look_at_models
from agent.doctor.node import look_at_node
from agent.doctor.pod import look_at_pod, look_at_stopping
from agent.doctor.port import look_at_metrics_port
from agent.doctor.server import look_at_clock, look_at_supabase
from agent.doctor.variables import look_at_settings

CHECKS = (
    Check("settings", look_at_settings),
    Check("supabase", look_at_supabase),
    Check("clock", look_at_clock),
    Check("key", look_at_key),
    Check("database", look_at_database),
    Check("published", look_at_published_models),
    Check("realtime", look_at_realtime),
    Check("gpu", look_at_gpu, LOOK_SECONDS + 5.0),
    Check("gpu_use", look_at_other_use),
    Check("models", look_at_models, 30.0),
    Check("downloads", look_at_downloads, 20.0),
    Check("cache_dir", look_at_cache),
    Check("weights_dir", look_at_weights_folder),
    Check("image_root", look_at_image_root),
    Check("temp_dir", look_at_temporary),
    Check("memory", look_at_memory),
    Check("shared_memory", look_at_shared_memory),
    Check("energy", look_at_energy),
    Check("country", look_at_country),
    Check("metrics_port", look_at_metrics_port),
    Check("collector", look_at_collector),
    Check("pod", look_at_pod),
    Check("pod_stop", look_at_stopping),
    Check("node", look_at_node),
)
