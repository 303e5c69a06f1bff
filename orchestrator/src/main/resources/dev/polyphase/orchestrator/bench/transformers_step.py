"""Takes training steps with transformers and torch's AdamW, one for each line that it reads.

    python transformers_step.py JOB_FILE

The job says which model, which of its weights are trained, and the batch, which is the same in every step. A step is what
transformers' trainer does in one: forward with the loss of all next tokens, backward, clipping, the update, no gradients. In
bfloat16 it is what its `bf16=True` means: all weights in float32, frozen ones too, under autocast. It answers on standard output,
one JSON object a line: when the model is there, then after each step. What can't be done is one sentence on standard error.
"""

import contextlib
import json
import math
import os
import sys
import time
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1",
                  TOKENIZERS_PARALLELISM="false")  # fmt: skip


class Refused(Exception):
    """There are no steps, for a reason that is this sentence."""


def imported():
    try:
        import torch
        import transformers
    except ImportError as e:
        raise Refused(f"{sys.executable} can't import torch and transformers: {first_line(e)}") from e
    return torch, transformers


def first_line(error):
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def load(torch, transformers, job):
    """The model in float32 on its device, with its trained weights apart from the frozen ones."""
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(
            job["model"], dtype=torch.float32, attn_implementation="sdpa", local_files_only=True)  # fmt: skip
    except (ValueError, KeyError, TypeError, ImportError) as e:
        raise Refused(f"transformers {transformers.__version__} does not load this model: {first_line(e)}") from e
    model.config.use_cache = False
    model.to(job["device"]).train()
    if "trained" in job:
        names = set(job["trained"])
        unknown = names.difference(name for name, _ in model.named_parameters())
        if unknown:
            raise Refused(f"the model has no {min(unknown)}, as transformers {transformers.__version__} builds it")
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name in names
    if job["recompute"]:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


class Memory:
    """How much more of it is in use than when it began: of the process, or on a GPU of the device."""

    def __init__(self, torch, device):
        self.gpu = torch.cuda if device != "cpu" else None
        self.device = device
        # Libraries load what they need on first use, which is not the model's.
        torch.ones(8, 8, device=device).matmul(torch.ones(8, 8, device=device)).sum().item()
        self.before = self.in_use() if self.gpu else status("VmRSS:")

    def in_use(self):
        free, total = self.gpu.mem_get_info(self.device)
        return total - free

    def rise(self):
        """The peak; of a GPU torch gives nothing back meanwhile. None where the system does not tell."""
        now = self.in_use() if self.gpu else status("VmHWM:")
        return None if now is None or self.before is None else now - self.before


def status(key):
    file = Path("/proc/self/status")
    lines = file.read_text().splitlines() if file.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), None)


def main(job, answer):
    torch, transformers = imported()
    device = job["device"]
    gpu = device != "cpu"
    if gpu and not torch.cuda.is_available():
        raise Refused(f"torch {torch.__version__} sees no GPU")
    torch.set_num_threads(job["threads"])
    memory = Memory(torch, device)
    model = load(torch, transformers, job)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    # Fused, as the trainer has it by default.
    optimizer = torch.optim.AdamW(trained, lr=job["learning_rate"], betas=job["betas"], eps=job["epsilon"],
                                  weight_decay=job["weight_decay"], fused=True)  # fmt: skip
    rows = torch.tensor(job["ids"])

    def precision():
        if job["dtype"] == "bfloat16":
            return torch.autocast(torch.device(device).type, torch.bfloat16)
        return contextlib.nullcontext()

    def step():
        total = 0
        for some in rows.chunk(job["passes"]):
            ids = some.to(device)
            with precision():
                loss = model(input_ids=ids, labels=ids, use_cache=False).loss / job["passes"]
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(trained, job["max_grad_norm"])
        optimizer.step()
        optimizer.zero_grad()
        return total

    answer({"trained": sum(parameter.numel() for parameter in trained), "threads": torch.get_num_threads()})
    for _ in sys.stdin:
        start = time.perf_counter()
        loss = step()
        if gpu:
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - start
        answer({"seconds": seconds, "loss": finite(loss.item()), "memory_bytes": memory.rise()})


def finite(number):
    """JSON knows no other numbers."""
    return number if math.isfinite(number) else None


def out_of_memory(error):
    said = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in said or "allocate memory" in said


if __name__ == "__main__":
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    try:
        main(json.loads(Path(sys.argv[1]).read_text()), answer)
    except Refused as e:
        sys.exit(str(e))
    except (RuntimeError, MemoryError) as e:
        if not out_of_memory(e):
            raise
        sys.exit("there is not enough memory for it")
