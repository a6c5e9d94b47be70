"""Time a grid search over six fits of `lenet.LeNetClassifier`: ``python -m lab.benchmarks.grid_search``.

Two learning rates and three folds on 10,000 training digits of MNIST, with the estimator's own epochs. Needs
lenet[estimator].
"""

import argparse
import time

from sklearn.model_selection import GridSearchCV

from lab.command_line import positive_integer, run_command
from lenet import LeNetClassifier, data

TRAINING_IMAGES = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=positive_integer, default=3, help="searches, of which the fastest counts [%(default)s]"
    )
    rounds = parser.parse_args().rounds
    mnist = data.load("mnist")
    pictures, labels = mnist.train_images[:TRAINING_IMAGES], mnist.train_labels[:TRAINING_IMAGES]
    timings = []
    for _ in range(rounds):
        grid = {"learning_rate": [0.05, 0.1]}
        search = GridSearchCV(LeNetClassifier(random_state=0), grid, cv=3, refit=False)
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        search.fit(pictures, labels)
        timings.append((time.perf_counter() - wall_before, time.process_time() - cpu_before))
    scores = ", ".join(f"{score:.2%}" for score in search.cv_results_["mean_test_score"])
    wall_seconds, cpu_seconds = min(timings)
    print(f"6 fits on {TRAINING_IMAGES:,} digits: {wall_seconds:.1f} s, {cpu_seconds:.1f} s of processor time")
    print(f"accuracy by learning rate: {scores}")


if __name__ == "__main__":
    run_command(main)
