"""The losses against plain loops, and what their gradients push."""

import math
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lenet.engine import forward  # noqa: E402
from lenet.engine.native import instruction_sets  # noqa: E402
from lenet.initialization import initial_weights  # noqa: E402
from lenet.networks import describe  # noqa: E402
from lenet.training import Epoch, losses, recipe  # noqa: E402
from lenet.training.learners.replicas import ReplicaLearner  # noqa: E402
from lenet.training.output_losses import output_losses  # noqa: E402
from lenet.training.recipes import LOSSES, SDLM, Recipe  # noqa: E402


@pytest.fixture
def outputs_and_labels():
    rng = np.random.default_rng(0)
    outputs = torch.tensor(rng.uniform(0, 30, (6, 4)), dtype=torch.float64, requires_grad=True)
    return outputs, torch.tensor([0, 3, 1, 1, 2, 0])


def looped(outputs, labels, one):
    return torch.tensor([one(row.tolist(), int(label)) for row, label in zip(outputs, labels, strict=True)])


def test_equation_8_is_the_penalty_of_the_correct_class(outputs_and_labels):
    outputs, labels = outputs_and_labels
    torch.testing.assert_close(
        losses.penalty_of_the_correct_class(outputs, labels).float(), looped(outputs, labels, lambda y, d: y[d])
    )


@pytest.mark.parametrize("j", [0.1, 10.0, 20.0])
def test_equation_9_sums_over_all_classes_and_the_rubbish_class(outputs_and_labels, j):
    outputs, labels = outputs_and_labels

    def one(penalties, correct):
        return penalties[correct] + math.log(math.exp(-j) + sum(math.exp(-penalty) for penalty in penalties))

    torch.testing.assert_close(losses.map_criterion(outputs, labels, j).float(), looped(outputs, labels, one))


def test_equation_9_is_positive_pulls_the_correct_penalty_down_and_pushes_the_others_up(outputs_and_labels):
    outputs, labels = outputs_and_labels
    values = losses.map_criterion(outputs, labels, 20.0)
    values.sum().backward()
    correct = torch.nn.functional.one_hot(labels, 4).bool()
    assert (values > 0).all()
    assert (outputs.grad[correct] > 0).all()
    assert (outputs.grad[~correct] < 0).all()


def test_equation_9_leaves_penalties_far_above_j_alone_and_with_a_great_j_it_is_cross_entropy(outputs_and_labels):
    outputs, labels = outputs_and_labels
    far = torch.tensor([[1.0, 80.0]], requires_grad=True)
    losses.map_criterion(far, torch.tensor([0]), 20.0).sum().backward()
    assert far.grad[0, 1].abs() < 1e-20
    torch.testing.assert_close(
        losses.map_criterion(outputs, labels, 1e4),
        torch.nn.functional.cross_entropy(-outputs, labels, reduction="none"),
    )


def test_mean_squared_error_aims_at_plus_one_for_the_correct_class_and_minus_one_for_the_others(outputs_and_labels):
    outputs, labels = outputs_and_labels

    def one(values, correct):
        return sum((value - (1 if index == correct else -1)) ** 2 for index, value in enumerate(values)) / len(values)

    torch.testing.assert_close(losses.mean_squared_error(outputs, labels).float(), looped(outputs, labels, one))


@pytest.mark.parametrize("smoothing", [0.0, 0.05])
def test_nll_of_log_softmax_is_cross_entropy_of_logits(outputs_and_labels, smoothing):
    outputs, labels = outputs_and_labels
    torch.testing.assert_close(
        losses.negative_log_likelihood(torch.log_softmax(outputs, 1), labels, smoothing),
        losses.cross_entropy(outputs, labels, smoothing),
    )


def test_cross_entropy_of_sigmoid_outputs_never_falls_under_1_461():
    certain = torch.sigmoid(torch.full((1, 10), -100.0).index_fill(1, torch.tensor([3]), 100.0))
    value = losses.cross_entropy(certain, torch.tensor([3]))
    assert value.item() == pytest.approx(math.log(math.e + 9) - 1, abs=1e-6)


TRAINED_BY_TORCH = [loss for loss in LOSSES if loss != "sum-squared-error"]  # which torch does not learn by


@pytest.mark.parametrize("name", TRAINED_BY_TORCH)
def test_every_named_loss_gives_one_value_for_each_example(outputs_and_labels, name):
    outputs, labels = outputs_and_labels
    assert losses.loss_of(Recipe(loss=name))(outputs, labels).shape == (6,)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("loss", TRAINED_BY_TORCH)
def test_the_losses_that_measure_are_those_that_train(outputs_and_labels, loss, smoothing):
    made = Recipe(loss=loss, j=15.0, label_smoothing=smoothing if loss in ("cross-entropy", "nll") else 0.0)
    outputs, labels = (tensor.detach() for tensor in outputs_and_labels)
    expected = losses.loss_of(made)(outputs, labels)
    measured = output_losses(outputs.numpy().astype(np.float32), labels.numpy(), made)
    np.testing.assert_allclose(measured, expected.numpy(), rtol=1e-6)


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
@pytest.mark.parametrize("halved", [True, False])
@pytest.mark.parametrize("loss", ["sum-squared-error", "map", "penalty", "cross-entropy"])
def test_the_losses_of_sdlm_are_those_that_its_replicas_learn_by(loss, halved):
    network = describe("lenet-5" if loss in ("map", "penalty") else "lenet-4")
    made = recipe("1998", network, loss=loss, halved=halved, j=9.0)
    images, labels = np.random.default_rng(0).integers(0, 256, (4, 32, 32), np.uint8), np.array([3, 1, 4, 1])
    learner = ReplicaLearner(network, made, None, 1, [0, 1])
    outputs = [forward(network, initial_weights(network, made.init, seed), images) for seed in (0, 1)]
    epoch = Epoch(images, labels, np.arange(4), curvature=np.arange(4))
    learner.begin_epoch(epoch, 0)
    learning, _ = learner.learn(images, labels, np.arange(1), [1e-9], epoch.augmentation)
    for seed in (0, 1):
        expected = output_losses(outputs[seed], labels, made)
        assert learning[seed] == pytest.approx(expected[0], rel=1e-5)
    measured, _ = learner.measure(images, labels)
    np.testing.assert_allclose(measured, [output_losses(one, labels, made).sum() for one in outputs], rtol=1e-4)


def test_the_sum_of_squared_errors_is_the_mean_times_the_outputs_and_half_of_it_where_it_is_halved(outputs_and_labels):
    outputs, labels = (tensor.detach().numpy() for tensor in outputs_and_labels)
    mean = output_losses(outputs.astype(np.float32), labels, Recipe(loss="mean-squared-error"))
    for halved, factor in ((False, 4), (True, 2)):
        made = replace(SDLM, loss="sum-squared-error", halved=halved)
        np.testing.assert_allclose(output_losses(outputs.astype(np.float32), labels, made), factor * mean)
