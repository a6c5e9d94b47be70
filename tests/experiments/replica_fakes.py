"""A fake of the native engine's replicas: the same interface, a crude learning rule, and quick."""

import numpy as np

from lenet.engine import decide, forward
from lenet.training.learners import replicas as learners


class FakeReplicas:
    """Networks whose last bias alone learns, by a rule that remembers everything it was shown, in order."""

    instructions, threads = "avx2", 1

    def __init__(self, network, arrays, *, loss, j, halved, threads=None, instructions=None):
        self.network, self.replicas = network, len(arrays)
        self._arrays = [{name: array.copy() for name, array in one.items()} for one in arrays]
        self._memory = np.zeros((len(self._arrays), 3), np.float32)

    def arrays(self, replica):
        return {name: array.copy() for name, array in self._arrays[replica].items()}

    def curvatures(self, images, labels, order):
        self._memory[:, 0] = [images[rows].mean() / 255 for rows in self._columns(order)]
        return {}

    def learn(self, images, labels, order, eta, mu):
        name = list(self._arrays[0])[-1]  # a bias
        wrong = []
        for memory, one, rows in zip(self._memory, self._arrays, self._columns(order), strict=True):
            wrong.append(int((decide(self.network, forward(self.network, one, images[rows])) != labels[rows]).sum()))
            memory[1] = np.float32(0.9) * memory[1] + np.float32(labels[rows][-1])
            step = np.float32(eta) * (memory[0] + memory[1])
            one[name] += step * np.resize(np.float32([1, -1, 0.5]), one[name].shape)
        self._memory[:, 2] += len(order)
        return {"loss": np.full(len(wrong), 1.0), "errors": np.array(wrong)}

    def _columns(self, order):
        return np.broadcast_to(np.reshape(order, (len(order), -1)), (len(order), len(self._arrays))).T

    def predict(self, images):
        return np.stack([forward(self.network, one, images) for one in self._arrays])

    def state(self):
        stacked = {f"weights.{name}": np.stack([one[name] for one in self._arrays]) for name in self._arrays[0]}
        return {"memory": self._memory.copy(), **stacked}

    def restore(self, state):
        self._memory = state["memory"].copy()
        for index, one in enumerate(self._arrays):
            for name in one:
                one[name] = state[f"weights.{name}"][index].copy()


def use_fake_replicas(monkeypatch, replicas=FakeReplicas):
    """Replace the engine's replicas by a fake in every run that is trained."""
    monkeypatch.setattr(learners, "Replicas", replicas)
