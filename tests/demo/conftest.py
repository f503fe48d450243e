"""Ultralytics writes its settings where it is told to at its first import."""

import os
import tempfile

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp(prefix="arena-yolo-"))
os.environ.setdefault("YOLO_OFFLINE", "1")
