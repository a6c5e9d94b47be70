"""Time a grid search over six fits of `lenet.LeNetClassifier`: ``python -m lab.benchmarks.grid_search``.

Two learning rates and three folds on 10,000 training digits of MNIST, with the estimator's own epochs. Needs
lenet[estimator].
"""

import argparse
import time

from sklearn.model_selection import GridSearchCV

from lenet import LeNetClassifier, data

DIGITS = 10_000


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=3, help="searches, of which the fastest counts [%(default)s]")
    rounds = options.parse_args().rounds
    mnist = data.load("mnist")
    pictures, labels = mnist.train_images[:DIGITS], mnist.train_labels[:DIGITS]
    seconds = []
    for _ in range(rounds):
        grid = {"learning_rate": [0.05, 0.1]}
        search = GridSearchCV(LeNetClassifier(random_state=0), grid, cv=3, refit=False)
        started, processor = time.perf_counter(), time.process_time()
        search.fit(pictures, labels)
        seconds.append((time.perf_counter() - started, time.process_time() - processor))
    scores = ", ".join(f"{score:.2%}" for score in search.cv_results_["mean_test_score"])
    wall, processor = min(seconds)
    print(f"6 fits on {DIGITS:,} digits: {wall:.1f} s, {processor:.1f} s of processor time; right by rate: {scores}")


if __name__ == "__main__":
    main()
