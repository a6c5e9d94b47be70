"""The rows say what the papers print and how each is made."""

from dataclasses import replace

import pytest

from lenet import networks
from lenet.data.catalog import CATALOG
from lenet.errors import TrainingError, UnknownName
from lenet.experiments import ROWS, find, names
from lenet.experiments.charts import DRAWERS
from lenet.experiments.metrics import MEASURES
from lenet.experiments.plan import Request, scale_schedule
from lenet.experiments.protocols import MEASUREMENTS
from lenet.experiments.published import (
    FIGURE_5_TEST,
    FIGURE_5_TRAINING,
    FIGURE_6_DISTORTED,
    FIGURE_6_TEST,
    FIGURE_6_TRAINING,
    Published,
)
from lenet.experiments.statistics import summarize, verdict
from lenet.experiments.streams import AFFINE, COPIES, INVERTED_SHARE
from lenet.initialization import RULES
from lenet.sdnn.displacement import network_with_blank
from lenet.training.recipes import PUBLISHED_RATES, SDLM


def printed(name):
    return {(one.measure, one.part): one.value for one in find(name).published}


@pytest.mark.parametrize(
    ("name", "measure", "value"),
    [
        ("lenet-1989", "test_error", 5.0), ("lenet-1989", "train_error", 0.14), ("lenet-1989", "rejects_for_1", 12.1),
        ("lenet-1", "test_error", 1.7), ("lenet-1", "rejects_for_05", 3.7),
        ("lenet-4", "test_error", 1.1), ("lenet-4", "rejects_for_05", 1.8),
        ("lenet-4-boosted", "test_error", 0.7), ("lenet-4-boosted", "average_cost", 1.75),
        ("lenet-4-boosted", "rejects_for_05", 0.5),
        ("lenet-5", "test_error", 0.95), ("lenet-5", "train_error_while_learning", 0.35),
        ("lenet-5-distorted", "test_error", 0.8),
    ],
)  # fmt: skip
def test_a_row_compares_with_the_figure_that_the_paper_prints(name, measure, value):
    assert printed(name)[(measure, "")] == value


def test_the_curve_of_figure_5_is_the_printed_one():
    assert len(FIGURE_5_TRAINING) == len(FIGURE_5_TEST) == 20
    assert FIGURE_5_TEST[:5] == (2.65, 2.24, 1.48, 1.43, 1.43)
    assert FIGURE_5_TEST[-1] == 0.96
    assert FIGURE_5_TRAINING[:5] == (4.89, 3.04, 1.77, 1.48, 1.22)
    assert FIGURE_5_TRAINING[-1] == 0.36
    assert find("lenet-5").curve == find("figure-5").curve == (FIGURE_5_TRAINING, FIGURE_5_TEST)


def test_figures_6_and_10_are_the_printed_ones():
    assert list(FIGURE_6_TEST.values()) == [1.68, 1.14, 0.94]
    assert list(FIGURE_6_TRAINING.values()) == [0.05, 0.31, 0.35]
    assert FIGURE_6_DISTORTED == 0.82
    assert [printed("figure-6")[("test_error", part)] for part in ("15,000", "30,000", "60,000")] == [1.68, 1.14, 0.94]
    rejects = {part: value for (_, part), value in printed("figure-10").items()}
    assert rejects == {"lenet-1": 3.7, "lenet-4": 1.8, "lenet-4-boosted": 0.5}


def test_lenet_5_is_trained_with_the_published_steps():
    assert (
        *(0.0005,) * 2, *(0.0002,) * 3, *(0.0001,) * 3, *(0.00005,) * 4, *(0.00001,) * 8,
    ) == PUBLISHED_RATES  # fmt: skip
    assert (SDLM.epochs, SDLM.mu, SDLM.curvature_examples) == (20, 0.02, 500)
    assert (SDLM.loss, SDLM.j, SDLM.halved) == ("map", 15.0, True)


def test_20_passes_of_60000_present_each_of_the_600000_patterns_twice_as_the_paper_says():
    assert find("lenet-5-distorted").recipe == SDLM
    assert SDLM.epochs * 60_000 == 2 * (COPIES + 1) * 60_000


def test_where_no_steps_are_printed_others_were_chosen():
    assert find("lenet-1").recipe.rates == pytest.approx([4 * eta for eta in PUBLISHED_RATES])
    assert find("lenet-1989").recipe.rates == (0.0003,) * 23


def test_nine_distorted_copies_make_540000_and_nothing_is_turned():
    assert COPIES * 60_000 == 540_000
    assert AFFINE.rotation == 0
    assert min(AFFINE.translation, AFFINE.scale, AFFINE.squeeze, AFFINE.shear) > 0
    assert INVERTED_SHARE == 0.1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_complete(row):
    assert row.description().name == row.network
    assert row.network in (*networks.names(), network_with_blank().name)
    assert row.data in CATALOG
    assert row.recipe.init in RULES
    assert row.measurement in MEASUREMENTS
    assert row.measurement in DRAWERS
    assert row.parts or row.depends_on
    assert all(one.measure in MEASURES and one.source.startswith("[LeCun") for one in row.published)
    assert row.recipe.loss == ("map" if row.network.startswith("lenet-5") else "sum-squared-error")
    assert (row.windows is not None) == (row.measurement == "strings")
    assert all(names().index(below) < names().index(row.name) for below in row.depends_on)


def test_a_wrong_name_is_one_sentence_with_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown reproduction 'lenet-6'; did you mean .*lenet-5"):
        find("lenet-6")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"seeds": 0}, "0 seeds were asked for; expected 1 to 1000"),
        ({"validation": -1}, "-1 patterns for validation were asked for; expected at least 0"),
        ({"j": float("nan")}, "j is nan; expected a number of at least 0"),
        ({"j": -5.0}, r"j is -5\.0; expected a number of at least 0"),
        ({"rate": 0.0}, r"the rates were to be multiplied by 0\.0; expected a factor above 0"),
        ({"pass_factor": 0.0}, r"pass_factor is 0\.0; expected more than 0 and at most 100"),
        ({"pass_factor": float("nan")}, r"pass_factor is nan; expected more than 0 and at most 100"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(wrong, sentence):
    with pytest.raises(TrainingError, match=f"^{sentence}$"):
        Request(**wrong)


def test_j_is_refused_where_the_loss_has_none():
    with pytest.raises(TrainingError, match="lenet-4 learns by sum-squared-error, which has no j to change"):
        Request(j=20.0).plan(find("lenet-4"))
    Request(j=20.0).plan(find("figure-5"))


def test_first_weights_that_no_rule_gives_are_refused_with_the_nearest_rule():
    with pytest.raises(UnknownName, match="unknown initialization 'sqr'; did you mean sqrt"):
        Request(init="sqr")


def test_a_recipe_is_changed_as_asked_and_no_further():
    row = find("lenet-5")
    changed = Request(init="lush", halved=False, pass_factor=2, rate=3.0, j=40.0, mu=0.1).plan(row).recipe
    assert changed == replace(
        row.recipe,
        init="lush",
        halved=False,
        j=40.0,
        mu=0.1,
        epochs=40,
        rates=tuple(3 * eta for eta in row.recipe.rates for _ in "ab"),
    )
    assert Request().plan(row).recipe == row.recipe


def test_a_scaled_schedule_can_be_cut_short():
    plan = Request(pass_factor=2, passes=21).plan(find("lenet-5"))
    assert plan.passes == plan.recipe.epochs == len(plan.recipe.rates) == 21


@pytest.mark.parametrize("factor", [0.5, 1.1, 2, 2.2, 3.3])
def test_a_scaled_schedule_keeps_the_order_of_the_rates_and_the_share_of_each(factor):
    rates = PUBLISHED_RATES
    result = scale_schedule(SDLM, factor).rates
    assert len(result) == round(20 * factor)
    assert list(result) == sorted(result, reverse=True)
    for eta in set(rates):
        assert abs(result.count(eta) - factor * rates.count(eta)) < 1


@pytest.mark.parametrize("change", [{"passes": 3}, {"pass_factor": 2.0}])
def test_a_quick_look_is_one_pass_and_no_other_number(change):
    (name,) = change
    option = name.replace("_", "-")
    for row in ("lenet-5", "lenet-1"):
        with pytest.raises(TrainingError, match=f"a quick look is one pass; leave --{option} or --quick out"):
            Request(quick=True, **change).plan(find(row))
    assert Request(quick=True).plan(find("lenet-5")).passes == 1


def test_a_schedule_scaled_to_no_pass_is_refused():
    with pytest.raises(TrainingError, match=r"20 passes times 0\.01 are none"):
        Request(pass_factor=0.01).plan(find("lenet-5"))


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"mu": 0.1}, "--mu"),
        ({"eta": 0.1}, "--eta"),
        ({"pass_factor": 2}, "--pass-factor"),
        ({"init": "lush"}, "--init"),
        ({"halved": False}, "--no-halved"),
    ],
)
def test_what_adamw_has_not_is_refused_where_it_trains(change, option):
    with pytest.raises(TrainingError, match=f"sdnn is trained by AdamW, to which {option} does not apply"):
        Request(**change).plan(find("sdnn"))


def test_a_command_names_every_change():
    request = Request(seeds=3, quick=True, pass_factor=2, init="lush", halved=False, rate=3.0)
    assert request.options() == ["--seeds 3", "--rate 3", "--pass-factor 2", "--init lush", "--no-halved", "--quick"]


def test_more_passes_than_there_are_rates_for_are_refused():
    with pytest.raises(TrainingError, match="21 passes were asked for; the recipe has rates for 1 to 20"):
        Request(passes=21).plan(find("lenet-5"))


def test_seeds_are_shared_out_among_the_orders_and_none_is_lost():
    assert Request().plan(find("lenet-5")).groups == (tuple(range(8)), tuple(range(8, 16)))
    assert Request(seeds=5).plan(find("lenet-5")).groups == ((0, 1, 2), (3, 4))
    assert Request(seeds=1).plan(find("lenet-5")).groups == ((0,),)
    assert Request().plan(find("figure-5")).groups == ()
    assert Request().plan(find("sdnn")).groups == ((0,), (1,), (2,), (3,))


def test_the_interval_is_students():
    summary = summarize([1.0, 2.0, 3.0, 4.0])
    assert (summary.n, summary.mean) == (4, 2.5)
    assert summary.deviation == pytest.approx(1.2909944)
    assert (summary.low, summary.high) == pytest.approx((2.5 - 3.182 * 1.2909944 / 2, 2.5 + 3.182 * 1.2909944 / 2))
    assert summarize([1.0]).low is None


def test_a_printed_figure_lies_within_below_or_above_or_nothing_can_be_said():
    ours = summarize([0.9, 1.0, 1.1])
    assert [verdict(ours, value) for value in (0.5, 1.2, 2.0)] == ["below", "within", "above"]
    assert verdict(summarize([1.0]), 1.0) == "one"


def test_a_printed_rate_has_a_binomial_standard_error_and_a_cost_has_none():
    assert Published("test_error", 0.95, "").standard_error == pytest.approx(0.097, abs=5e-4)
    assert Published("average_cost", 1.75, "", 0).standard_error is None
