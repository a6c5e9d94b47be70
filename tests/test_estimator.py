"""`LeNetClassifier`: scikit-learn's own checks, its searches and pipelines, and pictures in every usual form."""

import pickle

import numpy as np
import pytest

import lenet
from lenet import data
from lenet.errors import LeNetError

pytest.importorskip("sklearn")
from sklearn.base import clone  # needs scikit-learn
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from lenet import LeNetClassifier


@parametrize_with_checks([LeNetClassifier("lenet-short", threads=1, random_state=0)])
@pytest.mark.filterwarnings("ignore:X has .* features, which are no square picture")
def test_scikit_learns_own_checks_are_passed(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.train_images[:3_000], mnist.train_labels[:3_000], mnist.test_images[:500], mnist.test_labels[:500]


@pytest.fixture(scope="module")
def fitted(digits):
    return LeNetClassifier(epochs=3, threads=1, random_state=0).fit(*digits[:2])


def test_digits_are_learned_and_probabilities_sum_to_one(fitted, digits):
    _, _, images, labels = digits
    assert fitted.score(images, labels) > 0.9
    probabilities = fitted.predict_proba(images)
    assert probabilities.shape == (500, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(images))
    np.testing.assert_array_equal(np.concatenate([fitted.predict_proba(images[:1]), fitted.predict_proba(images[1:])]),
                                  probabilities)  # fmt: skip


def test_every_layout_of_pictures_and_every_range_gives_the_same_model(fitted, digits):
    images, labels, tested, _ = digits
    layouts = [
        lambda images: images.reshape(len(images), -1),
        lambda images: images.reshape(len(images), -1) / 255,
        lambda images: images.astype(np.float32),
        lambda images: images[..., None],
        lambda images: images[:, None],
    ]
    for layout in layouts:
        again = clone(fitted).fit(layout(images), labels)
        assert again.model_.digest == fitted.model_.digest
        np.testing.assert_array_equal(again.predict_proba(layout(tested)), fitted.predict_proba(tested))


def test_the_small_digits_of_scikit_learn_are_learned_without_any_setting():
    X, y = load_digits(return_X_y=True)
    assert LeNetClassifier(random_state=0).fit(X[:1_200], y[:1_200]).score(X[1_200:], y[1_200:]) > 0.95


def test_labels_may_be_names_and_the_model_has_them(digits, tmp_path):
    images, labels, tested, answers = digits
    words = np.array(["zero", "one", "two"])
    train_mask, test_mask = labels < 3, answers < 3
    classifier = LeNetClassifier(epochs=6, random_state=0).fit(images[train_mask], words[labels[train_mask]])
    assert classifier.classes_.tolist() == ["one", "two", "zero"]
    assert classifier.score(tested[test_mask], words[answers[test_mask]]) > 0.95
    path = classifier.model_.save(tmp_path / "words.safetensors")
    result = [one.class_name for one in lenet.load(path).predict(tested[test_mask])]
    assert result == classifier.predict(tested[test_mask]).tolist()


def test_grid_search_finds_the_learning_rate_and_cross_validation_scores_folds(digits):
    images, labels, _, _ = digits
    rows = images.reshape(len(images), -1)
    search = GridSearchCV(LeNetClassifier(epochs=1, random_state=0), {"learning_rate": [1e-6, 0.1]}, cv=2)
    search.fit(rows, labels)
    assert search.best_params_ == {"learning_rate": 0.1}
    assert search.best_estimator_.random_state == 0
    pipeline = make_pipeline(FunctionTransformer(), LeNetClassifier(epochs=1, random_state=0))
    assert len(cross_val_score(pipeline, rows, labels, cv=2)) == 2


def test_a_fitted_classifier_pickles_and_a_seed_gives_the_same_model(fitted, digits):
    images, labels, tested, _ = digits
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(tested), fitted.predict_proba(tested))
    other = clone(fitted).set_params(random_state=1).fit(images, labels)
    assert other.model_.digest != fitted.model_.digest


def test_lenet_5_with_its_ten_penalties_learns_fewer_classes(digits):
    images, labels, tested, answers = digits
    train_mask, test_mask = labels < 2, answers < 2
    classifier = LeNetClassifier("LeNet-5", epochs=20, random_state=0).fit(images[train_mask], labels[train_mask])
    assert classifier.model_.network.name == "lenet-5"
    assert classifier.predict_proba(tested).shape == (500, 2)
    assert classifier.score(tested[test_mask], answers[test_mask]) > 0.95


def test_color_gives_the_network_three_channels_whether_they_come_first_or_last():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = rng.integers(0, 100, (200, 16, 16, 3), np.uint8)
    images[np.arange(200), :, :, labels] += 150
    last, first = (LeNetClassifier(random_state=0).fit(some, labels) for some in (images, images.transpose(0, 3, 1, 2)))
    assert last.model_.network.input == (3, 28, 28)
    assert last.model_.digest == first.model_.digest
    assert last.score(images, labels) > 0.95
    shaped = LeNetClassifier(random_state=0, image_shape=(3, 16, 16))
    rows = images.transpose(0, 3, 1, 2).reshape(200, -1)
    assert shaped.fit(rows, labels).model_.digest == last.model_.digest


def test_a_network_may_be_a_description_and_a_recipe_custom(digits):
    images, labels, _, _ = digits
    described = lenet.describe("lenet-caffe")
    classifier = LeNetClassifier(described, recipe=lenet.Recipe(epochs=1, batch=32), random_state=0)
    assert classifier.fit(images[:200], labels[:200]).model_.network == described


def test_features_that_fill_no_square_are_padded_to_one_with_a_warning(digits):
    images, labels, _, _ = digits
    rows = images[:100].reshape(100, -1)
    with pytest.warns(UserWarning, match="X has 785 features, which are no square .* laid out in 29 × 29"):
        LeNetClassifier(epochs=1).fit(np.column_stack([labels[:100], rows]), labels[:100])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0, expected at least 1"),
        ({"threads": 0}, "threads is 0, expected at least 1"),
        ({"network": "lenet-6"}, "unknown network 'lenet-6'"),
        ({"recipe": "slow"}, "unknown recipe 'slow'"),
        ({"recipe": lenet.Recipe(loss="penalty")}, "the loss penalty does not fit lenet-5-relu"),
        ({"network": lenet.describe("lenet-short", classes=3)}, "y has 10 classes, but lenet-short has 3 outputs"),
        ({"image_shape": (3, 3)}, r"image_shape is \(3, 3\), but X has 784 features"),
    ],
)
def test_wrong_parameters_are_refused_in_one_sentence(values, message, digits):
    images, labels, _, _ = digits
    with pytest.raises(LeNetError, match=message):
        LeNetClassifier(**values).fit(images[:100].reshape(100, -1), labels[:100])


def test_pictures_in_another_range_than_those_of_the_fit_are_refused(digits):
    images, labels, tested, _ = digits
    classifier = LeNetClassifier(epochs=1, random_state=0).fit(images / 255, labels)
    with pytest.raises(LeNetError, match="X reaches from 0 to 255, but from 0 to 1 when it was fitted"):
        classifier.predict(tested)
    with pytest.raises(LeNetError, match=r"X has shape \(2, 2, 3, 4\); expected rows"):
        classifier.fit(np.zeros((2, 2, 3, 4)), [0, 1])


def test_lenet_train_gives_the_same_model_with_the_same_recipe(digits, tmp_path):
    images, labels, tested, answers = digits
    dataset = data.Dataset("some", images, labels, tested, answers, tuple("0123456789"))
    classifier = LeNetClassifier(epochs=1, random_state=0).fit(images, labels)
    recipe = lenet.Recipe.from_json(classifier.model_.provenance["recipe"])
    run = lenet.train("lenet-5-relu", dataset, recipe=recipe, validation=0, out=tmp_path / "run")
    assert run.model.digest == classifier.model_.digest
