"""Loss functions in torch: one value for each example, so that parts of a batch add up to the whole.

Outputs are (N, classes), labels int64 (N,); the result is (N,).
"""

from collections.abc import Callable
from functools import partial

from lenet.errors import required
from lenet.training.recipes import Recipe

with required("torch", "train", "training"):
    import torch
    import torch.nn.functional as F
    from torch import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def loss_of(recipe: Recipe) -> Loss:
    """The recipe's loss function with its constants bound."""
    losses: dict[str, Loss] = {
        "cross-entropy": partial(cross_entropy, smoothing=recipe.label_smoothing),
        "nll": partial(negative_log_likelihood, smoothing=recipe.label_smoothing),
        "map": partial(map_criterion, j=recipe.j),
        "penalty": penalty_of_the_correct_class,
        "mean-squared-error": mean_squared_error,
    }
    return losses[recipe.loss]


def cross_entropy(outputs: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log softmax(outputs) of the correct class, for logits.

    On outputs that a sigmoid holds within 0..1 it never falls under ln(e + 9) - 1 for ten classes:

    >>> round(float(cross_entropy(torch.eye(10)[:1], torch.tensor([0]))), 3)
    1.461
    """
    return F.cross_entropy(outputs, labels, reduction="none", label_smoothing=smoothing)


def negative_log_likelihood(outputs: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """-outputs of the correct class, for log-probabilities; cross-entropy without a second softmax."""
    correct = F.nll_loss(outputs, labels, reduction="none")
    return correct if not smoothing else (1 - smoothing) * correct - smoothing * outputs.mean(dim=1)


def penalty_of_the_correct_class(outputs: Tensor, labels: Tensor) -> Tensor:
    """y_D, the penalty of the correct class alone [LeCun98, eq. 8]."""
    return outputs.gather(1, labels[:, None]).squeeze(1)


def map_criterion(outputs: Tensor, labels: Tensor, j: float) -> Tensor:
    """y_D + log(e^-j + Σ e^-y), over all classes, the correct one included [LeCun98, eq. 9].

    Args:
        j: penalty of a rubbish class. The paper prints none. It must be comparable with the penalties of wrong classes
            (tens) for these to be pushed up; near 0 leaves eq. 8, infinity gives cross-entropy on the negative
            penalties.
    """
    rubbish = outputs.new_full((len(outputs), 1), j)
    return penalty_of_the_correct_class(outputs, labels) + torch.logsumexp(-torch.cat([outputs, rubbish], 1), dim=1)


def mean_squared_error(outputs: Tensor, labels: Tensor) -> Tensor:
    """The mean over the outputs of the squared distance to +1 for the correct class and -1 for others [LeCun89]."""
    targets = F.one_hot(labels, outputs.shape[1]).to(outputs.dtype) * 2 - 1
    return (outputs - targets).square().mean(dim=1)
