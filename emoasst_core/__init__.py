"""EmoAsst without a window. Importing it loads no model and no heavy library."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # onnxruntime would otherwise report to its maker; it reads this when it is loaded
