"""Trains one phase on TRL, transformers and accelerate; FSDP2 where there are several processes.

    torchrun ... driver.py ENGINE_FOLDER        trains (with one process: python driver.py ENGINE_FOLDER)
    driver.py --check MODEL_FOLDER NAMES_FILE   prints what is installed and what can't work, as one JSON object

The engine folder says what to train (job.json, trainable.txt, train.jsonl, eval.jsonl) and takes what comes of it
(progress.jsonl, heartbeat.json, checkpoints/, trained/ and, last, outcome.json). Rows are tokens already, in the order
of the steps: nothing is shuffled, cut, packed or templated here. All processes must see the same folder.
"""

import array
import contextlib
import ctypes
import errno
import gc
import importlib.metadata
import json
import math
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

# Before the libraries are imported: no hub is ever asked for anything, and nobody is told what is trained.
os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1",
                  TOKENIZERS_PARALLELISM="false", TRL_EXPERIMENTAL_SILENCE="1")  # fmt: skip

warnings.simplefilter("ignore", FutureWarning)  # what a later major version will drop is not this phase's concern

MINIMUM = {"torch": "2.6", "transformers": "5.18", "trl": "1.13", "accelerate": "1.14"}
RANK, WORLD = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
# Set by SIGTERM. That may come from somebody who wants the phase to stop, or from torchrun since another process has
# died: it is a wish to stop only where all processes are there to agree on it after a step.
TOLD = threading.Event()
# What is logged of pairs: means over pairs, and means over the completions' tokens.
BY_PAIR = ["rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies",
           "logps/chosen", "logps/rejected"]  # fmt: skip
BY_TOKEN = ["logits/chosen", "logits/rejected"]


class ReferenceTaken(Exception):
    """The trainer of a reference model has done what it was for."""


class Outcome(Exception):
    """The phase ends here, for a reason that all processes know or that starting again would not change."""

    def __init__(self, outcome, sentence):
        super().__init__(sentence)
        self.outcome, self.sentence = outcome, sentence


# ---- What is installed, and whether it can train this model ----


def numbers(version):
    return [int(n) for n in re.findall(r"\d+", version.split("+")[0])[:3]]


def installed():
    """Versions of the libraries, and a sentence for each that is missing or too old."""
    versions, problems = {}, []
    for name, least in MINIMUM.items():
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{name} is not installed: pip install '{name}>={least}'")
            continue
        if numbers(versions[name]) < numbers(least):
            problems.append(f"{name} {versions[name]} is too old: pip install '{name}>={least}'")
    return versions, problems


def read_config(folder):
    """The model's configuration without dropout: the embedded trainer has none either, and a step is repeatable."""
    from transformers import AutoConfig, AutoModelForCausalLM

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        AutoModelForCausalLM._model_mapping[type(config)]
    except (ValueError, KeyError, OSError) as e:
        version = importlib.metadata.version("transformers")
        reason = str(e).strip().split("\n")[0]
        raise Outcome("bad_input", f"transformers {version} can't build the model in {folder}: {reason}") from e
    for part in {id(c): c for c in (config, config.get_text_config())}.values():
        for key, value in list(vars(part).items()):
            if isinstance(value, float) and (key.endswith("pdrop") or "dropout" in key):
                setattr(part, key, 0.0)
    return config


def unknown_names(model, names):
    """A sentence for each name to be trained that is no parameter of the model."""
    own = dict(model.named_parameters())
    everything = dict(model.named_parameters(remove_duplicate=False))
    for name in names:
        if name in own:
            continue
        twin = next((n for n, p in own.items() if p is everything.get(name)), None)
        if twin:
            yield f"{name} is tied to {twin}: train that name instead"
        else:
            yield f"the model, as the installed transformers builds it, has no parameter {name}"


def check(folder, names_file):
    versions, problems = installed()
    gpus = 0
    if not problems:
        import torch
        from transformers import AutoModelForCausalLM

        gpus = torch.cuda.device_count()
        try:
            with torch.device("meta"):
                model = AutoModelForCausalLM.from_config(read_config(folder))
            problems += unknown_names(model, Path(names_file).read_text().split())
        except Outcome as e:
            problems.append(e.sentence)
    print(json.dumps({"versions": versions, "problems": problems, "gpus": gpus}))


# ---- Files that others read while they are written ----


def write_json(path, value, replace=True):
    """All of the file or nothing; without `replace`, whoever comes first stays."""
    temporary = path.with_name(f"{path.name}.{RANK}.{os.getpid()}.tmp")
    with open(temporary, "w") as out:
        out.write(json.dumps(value) + "\n")
        out.flush()
        os.fsync(out.fileno())
    if replace:
        os.replace(temporary, path)
    else:
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(temporary, path)
        Path(temporary).unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Progress:
    """progress.jsonl, one whole line an event; of rank 0."""

    def __init__(self, path):
        self.path, self.attempt = path, 1
        if RANK == 0 and path.exists():
            written = path.read_bytes()
            whole = written[: written.rfind(b"\n") + 1]  # a process that was killed may have left half a line
            if whole != written:
                os.truncate(path, len(whole))
            self.attempt += sum(b'"event": "start"' in line for line in whole.splitlines())

    def event(self, event, **values):
        if RANK == 0:
            line = json.dumps({"event": event, **values}).encode() + b"\n"
            with open(self.path, "ab", buffering=0) as out:
                at = os.fstat(out.fileno()).st_size
                if out.write(line) != len(line):  # half a line would spoil those after it
                    os.ftruncate(out.fileno(), at)
                    raise OSError(errno.ENOSPC, "no room for a line", str(self.path))
                os.fsync(out.fileno())


class Heartbeat:
    """heartbeat.json, which says that rank 0 lives, and what it does."""

    def __init__(self, path, seconds):
        self.path, self.seconds = path, seconds
        self.beats, self.step, self.doing = 0, 0, "loading"
        self.lock, self.wake = threading.Lock(), threading.Event()
        if RANK == 0:
            self.beat()
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.wake.wait(self.seconds):
            self.beat()

    def beat(self):
        with self.lock:
            self.beats += 1
            write_json(self.path, {"beat": self.beats, "step": self.step, "doing": self.doing})

    def now(self, doing):
        if doing != self.doing:
            self.doing = doing
            if RANK == 0:
                self.beat()


# ---- Rows ----


class MicroBatches:
    """The micro-batches of a file of rows, found by their place: rows are read when they are needed.

    Those of a step are numbers `first[step - 1]` up to `first[step]`; held-out ones are all of step 1.
    """

    HEAD = re.compile(rb'\{\s*(?:"step"\s*:\s*(\d+)\s*,\s*)?"batch"\s*:\s*(\d+)\s*,')

    def __init__(self, path):
        self.path = path
        self.offsets, self.rows = array.array("q"), array.array("q", [0])  # rows[n]: rows before micro-batch n
        self.first = array.array("q", [0])
        at, last = 0, (1, -1)
        with open(path, "rb") as lines:
            for line in lines:
                head = self.HEAD.match(line)
                if head:
                    step, batch = int(head[1] or 1), int(head[2])
                else:
                    row = json.loads(line)
                    step, batch = row.get("step", 1), row["batch"]
                if (step, batch) != last:
                    if (step, batch) not in ((last[0], last[1] + 1), (last[0] + 1, 0)):
                        raise Outcome("bad_input", f"{path.name} has batch {batch} of step {step} after batch "
                                      f"{last[1]} of step {last[0]}: they must follow each other")  # fmt: skip
                    if step != last[0]:
                        self.first.append(len(self.offsets))
                    self.offsets.append(at)
                    self.rows.append(self.rows[-1])
                    last = (step, batch)
                self.rows[-1] += 1
                at += len(line)
        self.first.append(len(self.offsets))
        self.steps = len(self.first) - 1

    def count(self, step):
        return self.first[step] - self.first[step - 1]

    def rows_of(self, step):
        return self.rows[self.first[step]] - self.rows[self.first[step - 1]]

    def read(self, step, batch):
        """The rows of a micro-batch, each with its number in the file."""
        number = self.first[step - 1] + batch
        with open(self.path, "rb") as file:
            file.seek(self.offsets[number])
            numbers = range(self.rows[number], self.rows[number + 1])
            return [json.loads(file.readline()) | {"row": row} for row in numbers]


class Share:
    """This process' micro-batches of steps, equally many in each process and step: micro-batch m of a step is that of
    process m % WORLD. What a step lacks is filled with micro-batches that add nothing."""

    def __init__(self, batches, slots, collate):
        self.batches, self.slots, self.collate = batches, slots, collate

    def __len__(self):
        return self.batches.steps * self.slots

    def __getitem__(self, index):
        step, batch = index // self.slots + 1, index % self.slots * WORLD + RANK
        real = batch < self.batches.count(step)
        rows = self.batches.read(step, batch if real else 0)
        return self.collate(rows, len(rows) / self.batches.rows_of(step) if real else 0.0)


def tokens(packed):
    """Puts rows of tokens and labels together: padded, or all in one row where they do not see each other."""
    import torch

    def collate(rows, share):
        if not share:  # two tokens without loss
            rows = [{"ids": [0, 0], "labels": [-100, -100]}]
        if packed:
            # transformers tells documents apart by positions that begin anew where there is no attention mask.
            lengths = [n for row in rows for n in row.get("lengths", [len(row["ids"])])]
            return {"input_ids": torch.tensor([[i for row in rows for i in row["ids"]]]),
                    "labels": torch.tensor([[i for row in rows for i in row["labels"]]]),
                    "position_ids": torch.cat([torch.arange(n) for n in lengths])[None]}  # fmt: skip
        width = max(len(row["ids"]) for row in rows)
        fill = [width - len(row["ids"]) for row in rows]
        return {"input_ids": torch.tensor([row["ids"] + [0] * n for row, n in zip(rows, fill)]),
                "labels": torch.tensor([row["labels"] + [-100] * n for row, n in zip(rows, fill)]),
                "attention_mask": torch.tensor([[1] * (width - n) + [0] * n for n in fill])}  # fmt: skip

    return collate


def pairs(reference):
    """Puts pairs together as TRL does, with the reference's log-probabilities once they are known."""
    from trl.trainer.dpo_trainer import DataCollatorForPreference

    together = DataCollatorForPreference(pad_token_id=0)

    def collate(rows, share):
        examples = [{"prompt_ids": r["prompt"], "chosen_ids": r["chosen"], "rejected_ids": r["rejected"]} for r in rows]
        if reference:
            for row, example in zip(rows, examples):
                at = 2 * row["row"]
                example["ref_chosen_logps"], example["ref_rejected_logps"] = reference[at], reference[at + 1]
        return together(examples) | {"share": share}

    return collate


# ---- The model ----


def load_model(folder, names, job):
    """The model in the compute's dtype, all of it frozen but `names`, which are float32 as the file has them.

    With FSDP2 only one process a node reads the weights, and accelerate hands out its shards; the others' are empty.
    """
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM
    from transformers.utils import is_flash_attn_2_available

    config = read_config(folder)
    kind = AutoModelForCausalLM._model_mapping[type(config)]
    flash = getattr(kind, "_supports_flash_attn", False) and is_flash_attn_2_available()
    ours = "flash_attention_2"
    flash = flash and ours in (getattr(kind, "_compatible_flash_implementations", None) or [ours])
    flash = flash and job["dtype"] == "bfloat16" and on_gpu(job)
    model = AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=getattr(torch, job["dtype"]), local_files_only=True, trust_remote_code=False,
        attn_implementation=ours if flash else None)  # fmt: skip
    tied = len(dict(model.named_parameters())) < len(dict(model.named_parameters(remove_duplicate=False)))
    accelerate = importlib.metadata.version("accelerate")
    if tied and sharded(job) and numbers(accelerate) < [1, 15]:
        raise Outcome("bad_input", f"the head of {folder} is tied to its embeddings, which accelerate {accelerate} "
                      "can't shard: pip install 'accelerate>=1.15'")  # fmt: skip
    model.requires_grad_(False)
    if names is None:  # a reference: a trainer wants to have something that could be trained, but never does
        min(model.parameters(), key=lambda p: p.numel()).requires_grad_(True)
        return model
    for sentence in unknown_names(model, names):
        raise Outcome("bad_input", sentence)
    parameters = dict(model.named_parameters())
    empty = sharded(job) and int(os.environ.get("LOCAL_RANK", 0)) != 0
    index = Path(folder, "model.safetensors.index.json")
    files = json.loads(index.read_text())["weight_map"] if index.exists() else {}
    for name in names:
        parameter = parameters[name].requires_grad_(True)
        if empty:
            parameter.data = torch.empty_like(parameter.data, dtype=torch.float32)
            continue
        with safe_open(Path(folder, files.get(name, "model.safetensors")), "pt") as file:
            if name not in file.keys() or tuple(file.get_slice(name).get_shape()) != tuple(parameter.shape):
                raise Outcome("bad_input", f"{folder} does not hold {name} in the shape {list(parameter.shape)} that "
                              "transformers gives it, so that it can't be trained alone")  # fmt: skip
            parameter.data = file.get_tensor(name).to(torch.float32)
    return model


def on_gpu(job):
    import torch

    if job["device"] == "cuda" and not torch.cuda.is_available():
        raise Outcome("bad_input", "the job is for cuda, but torch finds no GPU: install a CUDA build, or set device")
    return job["device"] != "cpu" and torch.cuda.is_available()


def sharded(job):
    # accelerate shards over GPUs, and on what it is told to take for one; several plain CPU processes are its DDP.
    return WORLD > 1 and (on_gpu(job) or "ACCELERATE_TORCH_DEVICE" in os.environ)


def arguments(job, folder):
    """What TRL's trainers are told; one trainer's, who changes it."""
    from trl import DPOConfig, SFTConfig

    if sharded(job):  # as `accelerate launch` would say it
        os.environ.update(
            ACCELERATE_USE_FSDP="true", FSDP_VERSION="2", FSDP_RESHARD_AFTER_FORWARD="true",
            FSDP_AUTO_WRAP_POLICY="TRANSFORMER_BASED_WRAP", FSDP_STATE_DICT_TYPE="SHARDED_STATE_DICT",
            FSDP_CPU_RAM_EFFICIENT_LOADING="true")  # fmt: skip
    common = dict(
        output_dir=str(folder), max_steps=job["steps"], per_device_train_batch_size=job["micro_batch_size"],
        gradient_accumulation_steps=job["gradient_accumulation_steps"] // WORLD, learning_rate=job["learning_rate"],
        lr_scheduler_type=job["lr_scheduler"], lr_scheduler_kwargs=job["lr_scheduler_kwargs"] or None,
        warmup_steps=job["warmup_steps"], adam_beta1=job["adam_beta1"], adam_beta2=job["adam_beta2"],
        adam_epsilon=job["adam_epsilon"], weight_decay=job["weight_decay"],
        max_grad_norm=job["max_grad_norm"] or math.inf,  # inf: the norm is measured, nothing is clipped
        gradient_checkpointing=job["gradient_checkpointing"], gradient_checkpointing_kwargs={"use_reentrant": False},
        seed=job["seed"] % 2**32, bf16=job["dtype"] == "bfloat16", use_cpu=not on_gpu(job) and not sharded(job),
        ddp_find_unused_parameters=False, ddp_timeout=1800, remove_unused_columns=False, max_length=None,
        # Sharded gradients are reduced after each micro-batch: put by until the last one, they would be whole.
        accelerator_config={"gradient_accumulation_kwargs": {"sync_each_batch": sharded(job)}},
        router_aux_loss_coef=0.0, dataloader_pin_memory=on_gpu(job), logging_strategy="no", save_strategy="no",
        eval_strategy="no", logging_nan_inf_filter=False, report_to=[], disable_tqdm=True)  # fmt: skip
    if job["type"] != "dpo":
        return SFTConfig(dataset_kwargs={"skip_prepare_dataset": True}, **common)
    dpo = {key: value for key, value in job["dpo"].items() if key != "reference"}
    return DPOConfig(precompute_ref_log_probs=True, **dpo, **common)


# ---- Training ----


def trainer_class(job):
    """TRL's trainer for the phase's type, fed with our micro-batches; `Phase` is what both types have in common."""
    import torch
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from torch.distributed.tensor import DTensor
    from transformers import TrainerCallback
    from trl import DPOTrainer, SFTTrainer

    class Phase:
        def begin(self, engine, is_reference):
            """Takes over the engine's folder."""
            self.engine, self.is_reference = engine, is_reference
            self.tallies, self.window = {}, {"steps": 0, "seconds": 0.0, "sums": {}}
            self.add_callback(Steps(self))
            if sharded(job):
                # Gradients are summed up in float32; accelerate's own policy would take the compute's dtype.
                from torch.distributed.fsdp import MixedPrecisionPolicy

                self.accelerator.state.fsdp_plugin.mixed_precision_policy = MixedPrecisionPolicy(
                    param_dtype=getattr(torch, job["dtype"]), reduce_dtype=torch.float32)  # fmt: skip
            return self

        # Rows: in order, and divided among the processes by us.

        def get_train_dataloader(self):
            slots = self.args.gradient_accumulation_steps
            share = Share(self.engine.batches, slots, self.collate(self.engine.reference))
            return torch.utils.data.DataLoader(share, batch_size=1, collate_fn=lambda one: one[0],
                                               pin_memory=self.args.dataloader_pin_memory)  # fmt: skip

        # Optimiser: a group for each rate, with and without decay. The first has the phase's own rate.

        def create_optimizer(self, model=None):
            if self.optimizer is None:
                decayed = set(self.get_decay_parameter_names(self.model))
                groups = {(1.0, True): [], (1.0, False): []}
                for name, parameter in self.model.named_parameters():
                    if parameter.requires_grad:
                        key = (job["lr_factors"].get(name, 1.0), name in decayed)
                        groups.setdefault(key, []).append(parameter)
                self.optimizer = torch.optim.AdamW(
                    [{"params": parameters, "lr": job["learning_rate"] * factor,
                      "weight_decay": job["weight_decay"] if decay else 0.0}
                     for (factor, decay), parameters in groups.items()],
                    lr=job["learning_rate"], betas=(job["adam_beta1"], job["adam_beta2"]), eps=job["adam_epsilon"],
                    fused=on_gpu(job) or None)  # fmt: skip
            return self.optimizer

        # The loss of a step and its figures, over all processes.

        @contextlib.contextmanager
        def alone(self):
            """TRL gathers its figures in each micro-batch: slow, and it hangs where processes have unequally many
            pairs. We add them up ourselves, once a step."""
            self.accelerator.gather = self.accelerator.gather_for_metrics = lambda x: x
            try:
                yield
            finally:
                del self.accelerator.gather, self.accelerator.gather_for_metrics

        def tally(self, name, value):
            self.tallies[name] = self.tallies.get(name, 0.0) + value

        def total(self, *flags):
            """Sums of all processes since the last call, by name; then those of `flags`."""
            names = self.tallied
            values = [*(float(self.tallies.get(name, 0.0)) for name in names), *flags]
            self.tallies = {}
            sums = torch.tensor(values, dtype=torch.float64, device=self.args.device)
            if WORLD > 1:
                dist.all_reduce(sums)
            sums = sums.tolist()
            return dict(zip(names, sums)), sums[len(names) :]

        def _get_grad_norm(self, model, grad_norm=None):
            norm = super()._get_grad_norm(model, grad_norm)
            self.grad_norm = float(norm.full_tensor() if isinstance(norm, DTensor) else norm)
            return self.grad_norm

        @contextlib.contextmanager
        def looking(self):
            """The model for passes that learn nothing."""
            from torch.distributed.fsdp import FSDPModule

            self.model.eval()
            with torch.no_grad():
                yield
            self.model.train()
            for module in self.model.modules():
                if isinstance(module, FSDPModule):
                    module.reshard()  # without a backward pass some units stay whole, and the optimiser has shards

        def evaluate_rows(self):
            """One mean over all held-out rows, with the model as it is."""
            batches = self.engine.held_out
            slots = -(-batches.count(1) // WORLD)
            share = Share(batches, slots, self.collate(self.engine.held_out_reference))
            with self.looking():
                for index in range(len(share)):
                    inputs = self._prepare_inputs(share[index])
                    self.compute_loss(self.model_wrapped, inputs, num_items_in_batch=torch.tensor(1))
                    if job["type"] != "dpo":
                        self.tally("tokens", int((inputs["labels"][:, 1:] != -100).sum()))
            sums, _ = self.total()
            if job["type"] != "dpo":
                sums["loss"] /= max(sums["tokens"], 1)
            return sums

        # Checkpoints: what is trained and its optimiser's state, each process its shards; nothing that is frozen.

        def trained(self):
            return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

        def tensors(self):
            state, optimizer = {}, self.optimizer.optimizer  # accelerate's wrapper holds torch's own
            for name, parameter in self.trained().items():
                moments = optimizer.state[parameter]
                if not moments:  # as AdamW makes it in its first step
                    moments["step"] = torch.zeros((), device=self.args.device if on_gpu(job) else "cpu")
                    moments["exp_avg"] = torch.zeros_like(parameter.detach())
                    moments["exp_avg_sq"] = torch.zeros_like(parameter.detach())
                state |= {f"{name}/{key}": value for key, value in moments.items()} | {name: parameter.detach()}
            return state

        def save_checkpoint(self):
            self.engine.heart.now("saving")
            began, step = time.monotonic(), self.state.global_step
            temporary = self.engine.checkpoints / f"checkpoint-{step}.tmp"
            if RANK == 0:
                shutil.rmtree(temporary, ignore_errors=True)
                temporary.mkdir(parents=True)
            barrier()
            dcp.save(self.tensors(), checkpoint_id=str(temporary / "tensors"))
            self._save_rng_state(str(temporary))
            barrier()
            if RANK == 0:
                torch.save(self.lr_scheduler.state_dict(), temporary / "scheduler.pt")
                self.state.save_to_json(str(temporary / "trainer_state.json"))
                write_json(temporary / "window.json", self.window)
                size = sum(f.stat().st_size for f in temporary.rglob("*") if f.is_file())
                write_json(temporary / "manifest.json", {"digest": job["digest"], "step": step, "bytes": size})
                final = temporary.with_suffix("")
                shutil.rmtree(final, ignore_errors=True)
                os.replace(temporary, final)
                sync_folder(final.parent)
                self.engine.progress.event("checkpoint", step=step, folder=final.name, bytes=size,
                                           seconds=time.monotonic() - began)  # fmt: skip
                if job["save_total_limit"]:
                    for old in self.engine.complete_checkpoints()[: -job["save_total_limit"]]:
                        (old / "manifest.json").unlink()  # first, so that half of it is not taken for whole
                        shutil.rmtree(old, ignore_errors=True)
            barrier()

        def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
            pass  # weights come with the optimiser's state, when both are on their device and sharded

        def _load_optimizer_and_scheduler(self, checkpoint):
            if checkpoint is None:
                return
            dcp.load(self.tensors(), checkpoint_id=str(Path(checkpoint, "tensors")))
            self.lr_scheduler.load_state_dict(torch.load(Path(checkpoint, "scheduler.pt"), weights_only=True))
            for group, rate in zip(self.optimizer.param_groups, self.lr_scheduler.get_last_lr()):
                group["lr"] = rate
            self.window = json.loads(Path(checkpoint, "window.json").read_text())

        # The result.

        def frozen_sums(self):
            """A sum over the bits of each frozen tensor, of this process' part of it."""
            sums = {}
            for name, parameter in self.model.named_parameters():
                if not parameter.requires_grad:
                    local = parameter.to_local() if isinstance(parameter, DTensor) else parameter
                    bits = local.detach().reshape(-1).view(torch.int32 if local.dtype == torch.float32 else torch.int16)
                    sums[name] = sum(int((part.long() * (part.long() + 12345)).sum()) for part in bits.split(1 << 24))
            return sums

        def write_trained(self):
            """One whole tensor at a time, each in a file of its own."""
            from safetensors.torch import save_file

            self.engine.heart.now("gathering")
            now = self.frozen_sums()
            changed = [name for name, value in self.frozen.items() if now[name] != value]
            if self.total(float(bool(changed)))[1][0]:  # in any process
                raise Outcome("failed", f"the frozen tensor {(changed or ['of another process'])[0]} has changed")
            folder, listed = self.engine.folder / "trained", []
            if RANK == 0:
                shutil.rmtree(folder, ignore_errors=True)  # of an attempt that got no further
                folder.mkdir()
            for number, (name, parameter) in enumerate(sorted(self.trained().items()), 1):
                whole = parameter.detach()
                whole = whole.full_tensor() if isinstance(whole, DTensor) else whole
                if RANK == 0:
                    file = folder / f"{number:05}.safetensors"
                    save_file({name: whole.to("cpu", torch.float32).contiguous()}, file)
                    with open(file, "rb") as written:
                        os.fsync(written.fileno())
                    listed.append({"name": name, "file": file.name, "shape": list(whole.shape)})
                del whole
            if RANK == 0:
                write_json(folder / "manifest.json",
                           {"digest": job["digest"], "step": self.state.global_step, "tensors": listed})  # fmt: skip

    class Sft(Phase, SFTTrainer):
        tallied = ["loss", "tokens"]

        def collate(self, reference):
            return tokens(job["packed"])

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            # TRL divides by the tokens of the whole step, and multiplies by the processes: gradients are averaged.
            with self.alone():
                loss = super().compute_loss(model, inputs, num_items_in_batch=num_items_in_batch.clamp(min=1))
            self.tally("loss", loss.detach().double() / WORLD)
            return loss

    class Dpo(Phase, DPOTrainer):
        tallied = ["loss", *BY_PAIR, *BY_TOKEN, "tokens/chosen", "tokens/rejected"]

        def collate(self, reference):
            return pairs(reference)

        def _prepare_dataset(self, dataset, *_):
            return dataset  # rows are tokens already

        def _precompute_ref_logps(self, dataset, *_):
            return dataset  # the pass of `reference_pass` comes when the model is sharded

        def references(self):
            """The reference's summed log-probabilities: chosen and rejected of each row, in the files' order."""
            self.engine.heart.now("reference")
            return [self.reference_pass(b) if b else [] for b in (self.engine.batches, self.engine.held_out)]

        def reference_pass(self, batches):
            slots = -(-len(batches.offsets) // WORLD)
            width = 2 * max((batches.rows[n + 1] - batches.rows[n] for n in range(len(batches.offsets))), default=0)
            collate, values = pairs(None), array.array("d")
            by_number = [(s, b) for s in range(1, batches.steps + 1) for b in range(batches.count(s))]
            with self.looking():
                for slot in range(slots):
                    place = by_number[min(slot * WORLD + RANK, len(by_number) - 1)]
                    inputs = self._prepare_inputs(collate(batches.read(*place), 1.0))
                    del inputs["share"]
                    both = torch.stack(self.compute_ref_log_probs(self.model_wrapped, inputs), dim=1).flatten()
                    mine = torch.zeros(1, width + 1, device=self.args.device)
                    mine[0, : len(both)], mine[0, width] = both, self.engine.asked("stop")
                    gathered = self.accelerator.gather(mine).tolist()
                    if any(row[width] for row in gathered):
                        raise Outcome("stopped", "stopped at step 0, in the reference's pass")
                    for n, row in enumerate(gathered, slot * WORLD):
                        if n < len(by_number):
                            values.extend(row[: 2 * (batches.rows[n + 1] - batches.rows[n])])
            return values

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            share = inputs.pop("share")
            mode = "train" if self.model.training else "eval"
            with self.alone():
                loss = super().compute_loss(model, inputs)
            figures = {name: values[-1] for name, values in self._metrics[mode].items()}
            self._metrics[mode].clear()
            self.tally("loss", loss.detach().double() * share)
            for name in BY_PAIR:
                self.tally(name, figures[name] * share)
            for name, mask in zip(BY_TOKEN, inputs["completion_mask"][:, 1:].chunk(2)):
                count = int(mask.sum()) if share else 0
                self.tally(name, figures[name] * count)
                self.tally(name.replace("logits", "tokens"), count)
            # The trainer divides by the micro-batches of this process, and gradients are averaged over processes: what
            # is left is the mean over the step's pairs.
            return loss * (share * WORLD * self.current_gradient_accumulation_steps if mode == "train" else 1.0)

    class Steps(TrainerCallback):
        """What happens before, in and after each step."""

        def __init__(self, phase):
            self.phase, self.engine = phase, phase.engine

        def on_train_begin(self, args, state, control, **_):
            from torch.distributed.fsdp import FSDPModule
            from torch.nn.parallel import DistributedDataParallel

            phase, engine, wrapped = self.phase, self.engine, self.phase.model_wrapped
            if phase.is_reference:
                engine.keep_references(*phase.references())
                raise ReferenceTaken
            kinds = {"fsdp2": isinstance(wrapped, FSDPModule), "ddp": isinstance(wrapped, DistributedDataParallel)}
            engine.progress.event("start", step=state.global_step, attempt=engine.progress.attempt, world_size=WORLD,
                                  sharding=next((kind for kind, so in kinds.items() if so), "none"),
                                  device=args.device.type, versions=installed()[0])  # fmt: skip
            engine.heart.step = state.global_step
            phase.frozen = phase.frozen_sums()
            self.clock = time.monotonic()
            if job["type"] == "dpo" and not engine.reference:
                engine.keep_references(*phase.references())
            _, (stop,) = phase.total(engine.asked("stop"))
            if stop:
                raise Outcome("stopped", f"stopped at step {state.global_step}, before the first step of this attempt")
            if state.global_step == 0:
                self.evaluate(0)
            engine.heart.now("training")
            self.clock = time.monotonic()

        def on_pre_optimizer_step(self, args, state, control, **_):
            phase, step = self.phase, state.global_step + 1
            self.figures, (self.stop, self.save) = phase.total(self.engine.asked("stop"), self.engine.asked("save"))
            self.rate = phase.optimizer.param_groups[0]["lr"]
            for what, value in (("loss", self.figures["loss"]), ("gradient norm", phase.grad_norm)):
                if not math.isfinite(value):
                    raise Outcome("failed", f"the {what} of step {step} is {value}")

        def on_step_end(self, args, state, control, **_):
            phase, engine, step, window = self.phase, self.engine, state.global_step, self.phase.window
            last = step == job["steps"]
            engine.heart.step = step
            window["steps"] += 1
            window["seconds"] += time.monotonic() - self.clock
            for name, value in means(self.figures).items():
                window["sums"][name] = window["sums"].get(name, 0.0) + value
            if step % job["logging_steps"] == 0 or last:
                mean = {name: value / window["steps"] for name, value in window["sums"].items()}
                engine.progress.event("step", step=step, loss=mean.pop("loss"), grad_norm=phase.grad_norm,
                                      learning_rate=self.rate, seconds=window["seconds"], figures=mean)  # fmt: skip
                phase.window = {"steps": 0, "seconds": 0.0, "sums": {}}
            if last or job["eval_steps"] and step % job["eval_steps"] == 0:
                self.evaluate(step)
            if step % job["checkpoint_steps"] == 0 or self.save or self.stop and not last:
                phase.save_checkpoint()
                if self.save and RANK == 0:
                    (engine.folder / "save").unlink(missing_ok=True)
            if self.stop and not last:
                raise Outcome("stopped", f"stopped after step {step} with a checkpoint")
            engine.heart.now("training")
            self.clock = time.monotonic()

        def evaluate(self, step):
            if self.engine.held_out:
                self.engine.heart.now("evaluating")
                began = time.monotonic()
                figures = means(self.phase.evaluate_rows())
                self.engine.progress.event("eval", step=step, loss=figures.pop("loss"),
                                           seconds=time.monotonic() - began, figures=figures)  # fmt: skip

    def means(sums):
        """The figures of a line: means over tokens become such here."""
        figures = {name: value for name, value in sums.items() if not name.startswith("tokens")}
        for name in BY_TOKEN:
            if name in figures:
                figures[name] /= max(sums[name.replace("logits", "tokens")], 1)
        return figures

    return Dpo if job["type"] == "dpo" else Sft


def barrier():
    import torch.distributed as dist

    if WORLD > 1:
        dist.barrier()


class Engine:
    """The engine's folder: what all parts of a training share."""

    def __init__(self, folder, job):
        self.folder, self.job = folder, job
        self.checkpoints = folder / "checkpoints"
        self.heart = Heartbeat(folder / "heartbeat.json", job["heartbeat_seconds"])
        self.progress = Progress(folder / "progress.jsonl")
        self.batches = MicroBatches(folder / "train.jsonl")
        if self.batches.steps != job["steps"]:
            raise Outcome("bad_input", f"train.jsonl has {self.batches.steps} steps, and job.json {job['steps']}")
        self.held_out = MicroBatches(folder / "eval.jsonl") if (folder / "eval.jsonl").exists() else None
        # Log-probabilities of the reference, chosen and rejected of each row; empty until they are known.
        self.reference, self.held_out_reference = array.array("d"), array.array("d")

    def asked(self, what):
        """Whether somebody asks for `stop` or `save`: rank 0 looks, and the processes add up what they saw."""
        return float(RANK == 0 and (self.folder / what).exists() or what == "stop" and TOLD.is_set())

    def complete_checkpoints(self):
        """This job's, oldest first. One without its manifest is that of a process that was killed."""
        found = []
        for manifest in self.checkpoints.glob("checkpoint-*/manifest.json"):
            of = json.loads(manifest.read_text())
            if of["digest"] == self.job["digest"] and manifest.parent.suffix != ".tmp":
                found.append((of["step"], manifest.parent))
        return [folder for _, folder in sorted(found)]

    def keep_references(self, train, held_out):
        """Keeps them for later attempts, whose weights are no longer those of the reference."""
        if RANK == 0:
            path = self.folder / "reference.jsonl"
            with open(path.with_suffix(".tmp"), "w") as out:
                out.write(json.dumps({"digest": self.job["digest"]}) + "\n")
                values = [*train, *held_out]
                for chosen, rejected in zip(values[::2], values[1::2]):
                    out.write(json.dumps({"chosen": chosen, "rejected": rejected}) + "\n")
                out.flush()
                os.fsync(out.fileno())
            os.replace(path.with_suffix(".tmp"), path)
            sync_folder(self.folder)
        self.reference.extend(train)
        self.held_out_reference.extend(held_out)

    def read_references(self):
        path = self.folder / "reference.jsonl"
        if not path.exists():
            return False
        with open(path) as lines:
            if json.loads(next(lines))["digest"] != self.job["digest"]:
                return False
            for number, line in enumerate(lines):
                to = self.reference if number < self.batches.rows[-1] else self.held_out_reference
                to.extend(json.loads(line).values())
        return True


def build(engine, folder, names):
    """A trainer of the model in `folder`; of a reference where there are no names of what it trains."""
    import torch
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, PrinterCallback

    job = engine.job
    with refusals():
        args = arguments(job, engine.folder)  # before the model: it starts the process group
    model = load_model(folder, names, job)
    # TRL wants a tokenizer and a data set, looks at both, and uses neither: rows are tokens, and the loader is ours.
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"-": 0}, "-")), pad_token="-")
    extra = {}
    if job["type"] == "dpo" and sharded(job):
        # Otherwise TRL loads a second model from disk for the pass that `reference_pass` does with the sharded one.
        extra["ref_model"] = torch.nn.Identity()
        extra["ref_model"].config = model.config
    with refusals():
        trainer = trainer_class(job)(
            model=model, args=args, processing_class=tokenizer, data_collator=lambda rows: rows,
            train_dataset=Dataset.from_list([{"input_ids": [0], "labels": [0]}]), **extra)  # fmt: skip
    if extra:
        trainer.ref_model = None
    trainer.remove_callback(PrinterCallback)
    return trainer.begin(engine, is_reference=names is None)


@contextlib.contextmanager
def refusals():
    """What TRL refuses when it is told what to do, it would refuse again."""
    try:
        yield
    except (ValueError, NotImplementedError) as e:
        traceback.print_exc()
        raise Outcome("bad_input", f"TRL {importlib.metadata.version('trl')} refuses the job: {e}") from e


def train(engine):
    """Runs the phase from its newest checkpoint to its end; says how it ended by an Outcome."""
    job = engine.job
    names = (engine.folder / "trainable.txt").read_text().split()
    for left in engine.checkpoints.glob("*.tmp") if RANK == 0 else ():  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    checkpoints = engine.complete_checkpoints()
    if job["type"] == "dpo" and not engine.read_references():
        checkpoints = []  # without what the weights began with there is nothing to compare with
        if job["dpo"]["reference"]:
            with contextlib.suppress(ReferenceTaken):
                build(engine, job["dpo"]["reference"], None).train()
            release()
    trainer = build(engine, job["model"], names)
    trainer.train(resume_from_checkpoint=str(checkpoints[-1]) if checkpoints else None)
    trainer.write_trained()
    barrier()
    raise Outcome("finished", f"trained {job['steps']} steps")


def release():
    """Gives a reference model's memory back."""
    import torch
    from accelerate.state import AcceleratorState

    gc.collect()
    AcceleratorState._reset_state()
    torch.cuda.empty_cache()


# ---- How it begins and ends ----


def begin(folder):
    """Reads the job, once it is sure that nothing of this process outlives its launcher."""
    if "TORCHELASTIC_RUN_ID" in os.environ and sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent or parent == 1 and b"torch" not in Path("/proc/1/cmdline").read_bytes():
            sys.exit("the launcher of this process has died")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: TOLD.set())
    if WORLD == 1:  # no process group, and no torch.nn.DataParallel over all that torch finds
        os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"):
            os.environ.pop(name, None)
    job = json.loads((folder / "job.json").read_text())
    if job["version"] != 1:
        raise Outcome("bad_input", f"job.json has version {job['version']}, and this driver knows 1")
    _, problems = installed()
    if problems:
        raise Outcome("bad_input", "; ".join(problems))
    if job["world_size"] != WORLD or job["gradient_accumulation_steps"] % WORLD:
        raise Outcome("bad_input", f"the job is for {job['world_size']} processes, {job['gradient_accumulation_steps']}"
                      f" micro-batches a step, and {WORLD} were started")  # fmt: skip
    import torch

    local = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    if on_gpu(job) and torch.cuda.device_count() < local:
        raise Outcome("bad_input", f"this machine has {torch.cuda.device_count()} GPUs for {local} processes: set "
                      "processes_per_node to the number of GPUs")  # fmt: skip
    if job["dtype"] == "auto":
        job["dtype"] = "bfloat16" if on_gpu(job) else "float32"
    return job


def out_of_memory(error):
    said = str(error).lower()
    return isinstance(error, MemoryError) or isinstance(error, RuntimeError) and (
        "out of memory" in said or "can't allocate memory" in said or "cannot allocate memory" in said)  # fmt: skip


def main(folder):
    engine = job = None
    try:
        job = begin(folder)
        engine = Engine(folder, job)
        train(engine)
    except Outcome as e:
        ended = e
    except (MemoryError, RuntimeError) as e:
        if not out_of_memory(e):
            raise
        traceback.print_exc()
        ended = Outcome("oom", f"process {RANK} of {WORLD} is out of memory: {str(e).splitlines()[0]}")
    torch = sys.modules.get("torch")  # which may be what is missing
    dist = sys.modules.get("torch.distributed")
    gpu = torch and torch.cuda.is_available() and torch.cuda.is_initialized()
    agreed = ended.outcome in ("finished", "stopped")
    if RANK == 0 and ended.outcome == "stopped":
        (folder / "stop").touch()
    if RANK == 0 or not agreed:
        write_json(folder / "outcome.json", {
            "outcome": ended.outcome, "step": engine.heart.step if engine else 0, "sentence": ended.sentence,
            "digest": job["digest"] if job else json.loads((folder / "job.json").read_text())["digest"],
            "peak_gpu_bytes": torch.cuda.max_memory_allocated() if gpu else None}, replace=False)  # fmt: skip
    if agreed and dist and dist.is_initialized():
        barrier()
        dist.destroy_process_group()
    print(f"{ended.outcome}: {ended.sentence}", file=sys.stderr)
    # Where one process alone knows that it is over, this tells the launcher to end the others.
    return 0 if agreed else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"] and len(sys.argv) == 4:
        check(*sys.argv[2:])
    elif len(sys.argv) == 2:
        sys.exit(main(Path(sys.argv[1]).absolute()))
    else:
        sys.exit("usage: driver.py ENGINE_FOLDER | driver.py --check MODEL_FOLDER NAMES_FILE")
