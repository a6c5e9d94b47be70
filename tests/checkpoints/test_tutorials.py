"""The classes of five tutorials, as they are written: trained in plain torch, saved, and answering the same here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import lenet
from lenet.data import Dataset

torch = pytest.importorskip("torch")
nn, F = torch.nn, torch.nn.functional


class FeatureMaps(nn.Module):
    """The first: two of its three full connections are there and never used."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 4 * 4, 10)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return F.log_softmax(self.fc1(x.view(x.size(0), -1)), dim=1)


class Reshape(nn.Module):
    def forward(self, x):
        return x.view(-1, 1, 28, 28)


def textbook():
    """The second: a Sequential, so that its keys are numbers."""
    return nn.Sequential(
        Reshape(), nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2),
        nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10),
    )  # fmt: skip


class LetNet5(nn.Module):
    """The third: sigmoids on its outputs."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.Sigmoid = nn.Sigmoid
        self.pool1 = nn.AvgPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.AvgPool2d(2, 2)
        self.flatten = nn.Flatten()
        self.linear1 = nn.Linear(16 * 5 * 5, 120)
        self.linear2 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool1(torch.relu(self.conv1(x)))
        x = self.flatten(self.pool2(torch.relu(self.conv2(x))))
        return torch.sigmoid(self.output(torch.relu(self.linear2(torch.relu(self.linear1(x))))))


class LeNet5(nn.Module):
    """The fourth as its class runs: what it declares pools by averages, what it calls by maxima."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.pool1 = nn.AvgPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.AvgPool2d(2, 2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def pool(self, x):
        return F.max_pool2d(x, 2)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x))).view(-1, 16 * 5 * 5)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class DeclaredLeNet5(LeNet5):
    """The fourth as it is declared and drawn: averages."""

    def pool(self, x):
        return self.pool1(x)


class ListedLeNet5(nn.Module):
    """The fourth as its printed list of parameters has it: nothing between its layers that has a number."""

    def __init__(self):
        super().__init__()
        self.feature_extractor = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.AvgPool2d(2)
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10))

    def forward(self, x):
        return self.classifier(self.feature_extractor(x))


class Rgb(nn.Module):
    """The fifth: color."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5)
        self.pool1 = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.pool2 = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(32 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool1(F.relu(self.conv1(x)))
        x = self.pool2(F.relu(self.conv2(x))).view(-1, 32 * 5 * 5)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


@dataclass(frozen=True)
class Tutorial:
    """A class, how its pictures are made inputs, and the options that it needs."""

    module: Callable[[], Any]
    network: str
    options: Mapping[str, Any] = field(default_factory=dict)
    mean: float = 0.0
    deviation: float = 1.0
    size: int = 28
    color: bool = False
    first_key: str = "conv1.weight"


TUTORIALS = {
    "feature maps": Tutorial(FeatureMaps, "lenet-short", {}, 0.1307, 0.3081),
    "textbook": Tutorial(textbook, "lenet-5-sigmoid", {"network": "lenet-5-sigmoid"}, first_key="1.weight"),
    "LetNet-5": Tutorial(LetNet5, "lenet-5-sigmoid-output", {"network": "LeNet5 sigmoid output"}),
    "LeNet5": Tutorial(
        LeNet5,
        "lenet-5-relu",
        {"network": "lenet-5-relu", "size": 32, "normalize": (0.1307, 0.3081)},
        0.1307,
        0.3081,
        size=32,
    ),
    "LeNet5 as declared": Tutorial(
        DeclaredLeNet5, "lenet-relu-average", {"activation": "relu", "pooling": "average", "size": 32}, size=32
    ),
    "LeNet5 as listed": Tutorial(
        ListedLeNet5,
        "lenet-identity-average",
        {"activation": "identity", "pooling": "average", "size": 32, "input_range": (0, 1)},
        size=32,
        first_key="feature_extractor.0.weight",
    ),
    "color": Tutorial(Rgb, "lenet-rgb", {"class_names": list("abcdefghij")}, 0.5, 0.5, size=32, color=True),
}
CLASSES = list("abcdefghij")


def colored(examples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise in ten tints."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, examples)
    tints = np.random.default_rng(0).integers(0, 200, (10, 3, 1, 1))
    return (tints[labels] + rng.integers(0, 56, (examples, 3, 32, 32))).astype(np.uint8), labels


def dataset_for(tutorial: Tutorial, mnist: Dataset) -> Dataset:
    """2,000 pictures to learn from and all to be tested on."""
    if tutorial.color:
        return Dataset("tints", *colored(2000, 1), *colored(1000, 2), tuple(CLASSES))
    return Dataset(
        "mnist", mnist.train_images[:2000], mnist.train_labels[:2000], mnist.test_images, mnist.test_labels,
        mnist.class_names,
    )  # fmt: skip


def inputs_of(images: np.ndarray, tutorial: Tutorial):
    """Pad to the size, ToTensor and Normalize, as torchvision does them."""
    images = images if images.ndim == 4 else images[:, None]
    margin = (tutorial.size - images.shape[-1]) // 2
    return (F.pad(torch.from_numpy(images), (margin,) * 4) / 255 - tutorial.mean) / tutorial.deviation


def trained(tutorial: Tutorial, dataset: Dataset):
    """The class after one epoch."""
    torch.manual_seed(1)
    module, labels = tutorial.module(), torch.from_numpy(dataset.train_labels)
    if tutorial.network == "lenet-5-sigmoid":  # Glorot's gain, without which it learns nothing in one epoch
        for parameter in module.parameters():
            nn.init.xavier_uniform_(parameter, gain=4) if parameter.dim() > 1 else nn.init.zeros_(parameter)
    inputs = inputs_of(dataset.train_images, tutorial)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3)
    for batch in torch.randperm(len(inputs)).split(16):
        optimizer.zero_grad()
        F.cross_entropy(module(inputs[batch]), labels[batch]).backward()
        optimizer.step()
    return module.eval()


@pytest.fixture(autouse=True)
def one_thread():
    """Small batches are slower on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorials_class_answers_in_lenet_as_in_torch_example_by_example_and_goes_back(name, mnist, tmp_path):
    tutorial = TUTORIALS[name]
    dataset = dataset_for(tutorial, mnist)
    module = trained(tutorial, dataset)
    state = module.state_dict()
    assert next(iter(state)) == tutorial.first_key
    torch.save({"epoch": 1, "model_state_dict": state, "loss": 0.5}, tmp_path / "LetNet5.pth")
    with torch.no_grad():
        inputs = inputs_of(dataset.test_images, tutorial)
        outputs = torch.cat([module(batch) for batch in inputs.split(500)])
    expected = outputs.argmax(1).numpy()

    lenet.convert(tmp_path / "LetNet5.pth", tmp_path / "model.safetensors", **tutorial.options)
    for model in (lenet.load(tmp_path / "LetNet5.pth", **tutorial.options), lenet.load(tmp_path / "model.safetensors")):
        assert model.network.name == tutorial.network
        evaluation = lenet.evaluate(model, dataset)
        np.testing.assert_array_equal(evaluation.predictions, expected)
        assert evaluation.errors == int((expected != dataset.test_labels).sum())
        with torch.no_grad():
            back = model.to_torch()(inputs[:500])
        assert torch.allclose(back, outputs[:500], rtol=0, atol=1e-5)
    assert len(set(expected.tolist())) > 1  # it has learned to tell some apart


def test_what_a_tutorials_class_never_uses_is_left_out_and_named(tmp_path, capsys):
    torch.save(FeatureMaps().state_dict(), tmp_path / "m.pth")
    unused = ["fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"]
    assert lenet.load(tmp_path / "m.pth").provenance["converted"]["unused"] == unused
