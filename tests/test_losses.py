"""The losses against plain loops, and what their gradients push."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from lenet.training import losses  # noqa: E402
from lenet.training.output_losses import output_losses  # noqa: E402
from lenet.training.recipes import LOSSES, Recipe  # noqa: E402


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


@pytest.mark.parametrize("name", LOSSES)
def test_every_named_loss_gives_one_value_for_each_example(outputs_and_labels, name):
    outputs, labels = outputs_and_labels
    assert losses.loss_of(Recipe(loss=name))(outputs, labels).shape == (6,)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_losses_that_measure_are_those_that_teach(outputs_and_labels, loss, smoothing):
    made = Recipe(loss=loss, j=15.0, label_smoothing=smoothing if loss in ("cross-entropy", "nll") else 0.0)
    outputs, labels = (tensor.detach() for tensor in outputs_and_labels)
    expected = losses.loss_of(made)(outputs, labels)
    measured = output_losses(outputs.numpy().astype(np.float32), labels.numpy(), made)
    np.testing.assert_allclose(measured, expected.numpy(), rtol=1e-6)
