"""Event files for TensorBoard: the loss and every layer's gradient, step by step."""

import re
from pathlib import Path

from checks.experiments.training import Record
from theory.recipes import Recipe


def write(record: Record, directory: Path, claim: str, network: Recipe, training: Recipe) -> Path:
    """Write one run below a directory, one curve for each layer, and return where."""
    from torch.utils.tensorboard import SummaryWriter  # optional, and slow to import

    recipes = re.sub(r"[^\w.=]+", "-", f"{network} {training}").strip("-")
    path = directory / claim / recipes
    with SummaryWriter(str(path)) as writer:
        for step, (loss, gradients) in enumerate(
            zip(record.losses, record.gradients, strict=True), start=1
        ):
            writer.add_scalar("loss", loss, step)
            for layer, gradient in enumerate(gradients, start=1):
                writer.add_scalar(f"mean gradient/layer {layer}", gradient, step)
    return path
