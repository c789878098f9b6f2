"""Every way of decoding answers the same question; without a memory the same words are said."""

import torch

from oft_demo.bench.decoding import decoding, said_without_memory, ways_of
from oft_demo.bench.lines import Answers, Ratio
from oft_demo.bench.networks import answer, random_question, with_head
from oft_demo.policy.inference import Engine


def test_a_whole_pass_for_every_word_says_what_a_memory_says(make_model):
    engine = Engine(with_head(make_model(), "autoregressive", 1), torch.device("cpu"))
    question = random_question(engine.model.config)
    assert torch.equal(said_without_memory(engine, question), answer(engine, question))


def test_other_heads_stand_on_the_same_trunk_without_joints_and_film(make_model):
    model = make_model()
    other = with_head(model, "discrete", 4)
    assert not other.config.film
    assert not other.config.proprio
    for name in ("language_model.model", "vision_backbone.featurizer.patch_embed", "projector"):
        theirs = dict(other.get_submodule(name).named_parameters())
        for key, weight in model.get_submodule(name).named_parameters():
            assert torch.equal(weight, theirs[key])


def test_each_way_gives_as_many_actions_as_it_is_credited_with(make_model):
    for way in ways_of(make_model()):
        actions = way.work()
        assert isinstance(actions, torch.Tensor)
        assert actions.shape == (way.rows, 3)


def test_the_table_names_all_baselines_and_their_bars(make_model):
    lines = list(decoding("Small", make_model(), 26, rounds=2, bar_over_memory=43))
    text = "\n".join(map(str, lines))
    assert text.count("OpenVLA") >= 3
    assert [line.bar for line in lines if isinstance(line, Ratio)] == [26, 43, None]
    latencies = [line.latency_ms for line in lines if isinstance(line, Answers)]
    assert len(latencies) == 6
    assert min(latencies) > 0
