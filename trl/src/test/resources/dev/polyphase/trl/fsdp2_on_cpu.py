"""fsdp2_on_cpu.py DRIVER ENGINE_FOLDER: runs the driver with FSDP2 over gloo, which accelerate has for GPUs only."""

import os
import runpy
import sys

os.environ["ACCELERATE_TORCH_DEVICE"] = "cpu"

import transformers.training_args  # noqa: E402
from accelerate.state import PartialState  # noqa: E402
from accelerate.utils import DistributedType  # noqa: E402

# Several processes on CPUs are DDP for accelerate, whatever it is told; taken for GPUs, they are sharded.
PartialState._prepare_backend = lambda *_, **__: ("gloo", DistributedType.MULTI_GPU)
transformers.training_args.is_torch_bf16_gpu_available = lambda: True

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
