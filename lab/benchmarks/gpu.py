"""Time training by torch on a GPU, if there is one: ``python -m lab.benchmarks.gpu [RECIPE]``."""

import argparse
import tempfile
import time

import torch

from lab.command_line import positive_integer, run_command
from lenet import data
from lenet.evaluation import evaluate
from lenet.networks import describe
from lenet.training import fit, recipe
from lenet.training.recipes import RECIPES

NETWORK, DATASET = "lenet-5-relu", "mnist"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on one GPU by torch.")
    parser.add_argument("recipe", nargs="?", choices=RECIPES, default="fast")
    parser.add_argument("--seeds", type=positive_integer, default=5)
    parser.add_argument("--batch", type=positive_integer, help="examples an update [the recipe's]")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("not run: torch finds no GPU here")
        return
    network, dataset = describe(NETWORK), data.load(DATASET)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, recipe {options.recipe}, whole call of train()")
    for seed in range(options.seeds):
        training_recipe = recipe(options.recipe, network, seed=seed, batch=options.batch)
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            run = fit(network, dataset, training_recipe, folder, device="cuda")
            seconds = time.perf_counter() - start
            learning_seconds = sum(row["seconds"] for row in run.history)
            error = evaluate(run.best_path, dataset).error_rate
        print(
            f"seed {seed}: {learning_seconds:.2f} s of learning, {seconds:.2f} s in all, {error:.2f} % test error",
            flush=True,
        )


if __name__ == "__main__":
    run_command(main)
