"""Trains a tiny model for three steps with TRL's trainers, once per loss, and records what TRL logs.

Run: python trl_losses.py MODEL_FOLDER OUT.json
The rows are token ids; TRL's tokenizing is replaced by looking them up, so that no token is added, merged or cut.
"""

import json
import os
import random
import sys
import tempfile

os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TQDM_DISABLE="1", TOKENIZERS_PARALLELISM="false")

import datasets
import torch
import transformers
import trl
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer
import trl.trainer.dpo_trainer
import trl.trainer.kto_trainer

torch.set_num_threads(1)
datasets.disable_progress_bars()
transformers.logging.set_verbosity_error()

STEPS = 3
EOS = "<|im_end|>"


def rows():
    # With this seed training changes the order of the pairs' log-ratios, so that aot's sorting is not the identity.
    rng = random.Random(63)
    ids = lambda low, high: [rng.randrange(256) for _ in range(rng.randint(low, high))]
    pairs = [
        {"prompt_input_ids": ids(2, 9), "chosen_input_ids": ids(3, 12), "rejected_input_ids": ids(3, 12)}
        for _ in range(8)
    ]
    judged = [
        {
            "prompt_input_ids": pair["prompt_input_ids"],
            "completion_input_ids": pair["chosen_input_ids" if label else "rejected_input_ids"],
            "label": label,
        }
        for pair, label in zip(pairs, [True, False, True, True, False, True, False, False], strict=True)
    ]
    return pairs, judged


def spell(ids):
    """One character per id, so that a prompt's text is a prefix of the whole row's."""
    return "".join(chr(0x4E00 + i) for i in ids)


def read(_tokenizer, text, **_kwargs):
    return {"input_ids": [ord(c) - 0x4E00 for c in text.removesuffix(EOS)]}


trl.trainer.dpo_trainer._tokenize = read
trl.trainer.kto_trainer._tokenize = read


def row_of_ids(feature, model=None):
    """What the CPO and ORPO trainers' tokenize_row returns, made of the row's ids."""
    prompt = read(None, feature["prompt"])["input_ids"]
    out = {"prompt_input_ids": prompt, "prompt_attention_mask": [1] * len(prompt)}
    for side in ("chosen", "rejected"):
        ids = read(None, feature[side])["input_ids"]
        out[f"{side}_input_ids"] = prompt + ids
        out[f"{side}_attention_mask"] = [1] * (len(prompt) + len(ids))
        out[f"{side}_labels"] = [-100] * len(prompt) + ids
    return out


class IdsCPOTrainer(CPOTrainer):
    def tokenize_row(self, feature, model=None):
        return row_of_ids(feature)


class IdsORPOTrainer(ORPOTrainer):
    def tokenize_row(self, feature, model=None):
        return row_of_ids(feature)


class Logs(TrainerCallback):
    def __init__(self):
        self.steps = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        if "loss" in logs:
            self.steps.append({k: v for k, v in logs.items() if k != "epoch"})


class WatchedCollator:
    """Notes which rows make up each micro-batch, and which row's completion KTO pairs with each prompt."""

    def __init__(self, collator, prompts, completions):
        self.collator, self.prompts, self.completions = collator, prompts, completions
        self.batches, self.kl_batches = [], []

    def __call__(self, examples):
        self.batches.append(
            [self.prompts.index(e["prompt_ids"] if "prompt_ids" in e else e["prompt_input_ids"]) for e in examples]
        )
        if "KL_completion_ids" in examples[0]:
            self.kl_batches.append([self.completions.index(e["KL_completion_ids"]) for e in examples])
        return self.collator(examples)


def train(method, config, folder):
    pairs, judged = rows()
    load = lambda: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = load()
    batch, accumulation = config.get("batch", 4), config.get("accumulation", 1)
    logs = Logs()
    with tempfile.TemporaryDirectory() as out:
        common = dict(
            output_dir=out, per_device_train_batch_size=batch, gradient_accumulation_steps=accumulation,
            max_steps=STEPS, learning_rate=2e-3, lr_scheduler_type="constant", optim="adamw_torch", adam_epsilon=1e-8,
            weight_decay=0.0, max_grad_norm=1.0, bf16=False, use_cpu=True, gradient_checkpointing=False, logging_steps=1,
            report_to=[], save_strategy="no", disable_tqdm=True, train_sampling_strategy="sequential", seed=42)
        common |= {k: v for k, v in config.items() if k not in ("batch", "accumulation")}
        keywords = dict(model=model, processing_class=tokenizer, callbacks=[logs])
        if method == "kto":
            data = [{"prompt": spell(r["prompt_input_ids"]), "completion": spell(r["completion_input_ids"]) + EOS,
                     "label": r["label"]} for r in judged]
        else:
            data = [{"prompt": spell(r["prompt_input_ids"]), "chosen": spell(r["chosen_input_ids"]) + EOS,
                     "rejected": spell(r["rejected_input_ids"]) + EOS} for r in pairs]
        keywords["train_dataset"] = datasets.Dataset.from_list(data)
        if method == "dpo":
            trainer = DPOTrainer(args=DPOConfig(max_length=None, **common), ref_model=load(), **keywords)
        elif method == "kto":
            trainer = KTOTrainer(args=KTOConfig(max_length=None, **common), ref_model=load(), **keywords)
        elif method == "cpo":
            trainer = IdsCPOTrainer(args=CPOConfig(max_length=512, **common), **keywords)
        elif method == "orpo":
            trainer = IdsORPOTrainer(args=ORPOConfig(max_length=512, **common), **keywords)
        collator = WatchedCollator(
            trainer.data_collator, [r["prompt_input_ids"] for r in pairs], [r["completion_input_ids"] for r in judged]
        )
        trainer.data_collator = collator
        trainer.train()
    assert len(logs.steps) == STEPS and all(s["learning_rate"] == 2e-3 for s in logs.steps), logs.steps
    for step in logs.steps:
        del step["learning_rate"]
    used = collator.batches[: STEPS * accumulation]
    assert [i for b in used for i in b] == [*range(8), *range(4)], used
    result = {"method": method, "config": config, "steps": logs.steps}
    if collator.kl_batches:
        result["kl_completion_of_row"] = collator.kl_batches[: STEPS * accumulation]
    with torch.no_grad():
        result["final_param_norm"] = torch.stack([p.double().pow(2).sum() for p in model.parameters()]).sum().sqrt().item()
    return result


def cases():
    smoothed = {"robust", "exo_pair", "aot", "aot_unpaired"}
    for loss in ("sigmoid", "hinge", "ipo", "exo_pair", "nca_pair", "robust", "bco_pair", "sppo_hard", "aot",
                 "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft", "sigmoid_norm"):
        yield loss, "dpo", {"loss_type": [loss]} | ({"label_smoothing": 0.1} if loss in smoothed else {})
    two = {"batch": 2, "accumulation": 2}
    yield "sigmoid, 2 x 2", "dpo", {"loss_type": ["sigmoid"]} | two
    mixed = {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5]}
    yield "sigmoid + 0.5 sft", "dpo", mixed
    yield "sigmoid + 0.5 sft, 2 x 2", "dpo", mixed | two
    yield "0.7 aot + 0.3 hinge", "dpo", {"loss_type": ["aot", "hinge"], "loss_weights": [0.7, 0.3]}
    yield "aot, label_smoothing 0", "dpo", {"loss_type": ["aot"]}
    yield "aot, label_smoothing 0, 2 x 2", "dpo", {"loss_type": ["aot"]} | two
    yield "sigmoid, forward_kl", "dpo", {"loss_type": ["sigmoid"], "f_divergence_type": "forward_kl"}
    yield "sigmoid, js_divergence", "dpo", {"loss_type": ["sigmoid"], "f_divergence_type": "js_divergence"}
    for alpha in (0.5, 0.0):
        yield f"sigmoid, alpha_divergence {alpha}", "dpo", {
            "loss_type": ["sigmoid"], "f_divergence_type": "alpha_divergence", "f_alpha_divergence_coef": alpha}
    yield "sigmoid, ld_alpha 0.5", "dpo", {"loss_type": ["sigmoid"], "ld_alpha": 0.5}
    yield "ipo, ld_alpha 0.5", "dpo", {"loss_type": ["ipo"], "ld_alpha": 0.5}
    yield "sigmoid, use_weighting", "dpo", {"loss_type": ["sigmoid"], "use_weighting": True}
    yield "ipo, use_weighting", "dpo", {"loss_type": ["ipo"], "use_weighting": True}

    yield "cpo sigmoid", "cpo", {"loss_type": "sigmoid"}
    yield "cpo sigmoid, label_smoothing 0.1", "cpo", {"loss_type": "sigmoid", "label_smoothing": 0.1}
    yield "cpo hinge", "cpo", {"loss_type": "hinge"}
    yield "cpo ipo", "cpo", {"loss_type": "ipo"}
    simpo = {"loss_type": "simpo", "beta": 2.0, "simpo_gamma": 1.0, "cpo_alpha": 0.0}
    yield "simpo", "cpo", simpo
    yield "simpo, cpo_alpha 0.5", "cpo", simpo | {"cpo_alpha": 0.5}
    yield "simpo, alpha 0.3", "cpo", simpo | {"alpha": 0.3}
    yield "cpo sigmoid, 2 x 2", "cpo", {"loss_type": "sigmoid"} | two

    yield "orpo", "orpo", {}
    yield "orpo, 2 x 2", "orpo", two

    for loss in ("kto", "apo_zero_unpaired"):
        for weight in (1.0, 0.7):
            yield loss if weight == 1 else f"{loss}, undesirable_weight {weight}", "kto", {
                "loss_type": loss, "desirable_weight": 1.0, "undesirable_weight": weight}
    yield "kto, 2 x 2", "kto", {"loss_type": "kto"} | two


def main():
    folder, target = sys.argv[1:]
    pairs, judged = rows()
    out = {
        "trl": trl.__version__, "transformers": transformers.__version__, "torch": torch.__version__,
        "model": os.path.basename(os.path.normpath(folder)),
        "settings": {"dtype": "float32", "steps": STEPS, "batch": 4, "accumulation": 1, "learning_rate": 2e-3,
                     "scheduler": "constant", "optimizer": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0,
                     "max_grad_norm": 1.0, "beta": 0.1, "rows_of_steps": [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3]]},
        "pairs": pairs, "judged": judged, "cases": {},
    }
    for name, method, config in cases():
        config = {"beta": 0.1} | config
        out["cases"][name] = train(method, config, folder)
        print(name, [round(s["loss"], 7) for s in out["cases"][name]["steps"]],
              [round(s["grad_norm"], 5) for s in out["cases"][name]["steps"]], flush=True)
    text = json.dumps(out, indent=1)
    with open(target, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
