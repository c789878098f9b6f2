"""Loading: what is read, what it becomes, and in how much memory."""

import gc
import json
from dataclasses import replace

import pytest
import torch
from official_cases import CPU
from safetensors.torch import load_file, save_file

from oft_demo.policy import OftPolicy, openvla_7b
from oft_demo.policy.official import PRESETS, config_of, loading, reading
from oft_demo.policy.official.shards import read_headers
from oft_demo.policy.official.synthetic.texts import write_texts

HEADS = ["l1", "diffusion", "discrete", "autoregressive"]
VISION = "vision_backbone."


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def finished(steps):
    """All progress, and the result."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


@pytest.mark.parametrize("film", [True, False])
@pytest.mark.parametrize("head", HEADS)
def test_every_head_loads_and_speaks(write, head, film):
    rows = 1 if head == "autoregressive" else 25
    checkpoint = write(head=head, film=film, chunk_length=rows, denoising_steps=2).read()
    names = checkpoint.model.state_dict().keys()
    assert ("language_model.lm_head.weight" in names) == (head in ("discrete", "autoregressive"))
    policy = OftPolicy(checkpoint, CPU)
    pixels, proprio = torch.rand(1, 3, 3, 56, 56), torch.rand(1, 14)
    seen = []
    for instruction in ("fold the shirt", "put the corn into the pot"):
        prompt = policy.engine.prompt(policy.tokenizer.encode(instruction))
        noise = torch.zeros(1, rows, 14) if head == "diffusion" else None
        seen.append(policy.engine.decide(policy.engine.see(pixels, prompt), proprio, prompt, noise))
    assert seen[0].actions.shape == (1, rows, 14)
    assert seen[0].actions.isfinite().all()
    assert (seen[0].hidden != seen[1].hidden).any()


def test_updates_are_merged_in_full_precision(film_case):
    stored = torch.load(film_case.path("vision_backbone"), weights_only=True)
    weights = film_case.weights()
    for name in ("featurizer.patch_embed.proj", "fused_featurizer.blocks.1.mlp.fc2", "featurizer.blocks.2.attn.qkv"):
        inside = name.replace("blocks.1.", "blocks.1.block.").replace("blocks.2.", "blocks.2.block.")
        base, down, up = (
            stored[f"{VISION}{inside}.{part}.weight"].double()
            for part in ("base_layer", "lora_A.default", "lora_B.default")
        )
        update = torch.einsum("or,ri->oi", up.flatten(1), down.flatten(1)).view(base.shape)
        expected = base + 16 / 32 * update
        torch.testing.assert_close(weights[f"{VISION}{name}.weight"].double(), expected, rtol=0, atol=1e-6)
        assert (update.abs() > 1e-3).any()


def test_towers_of_film_come_from_their_own_file(film_case):
    before = film_case.weights()
    path = film_case.directory / "model.safetensors"
    tensors = load_file(path)
    save_file({name: value * torch.nan if name.startswith(VISION) else value for name, value in tensors.items()}, path)
    assert equal(film_case.weights(), before)
    save_file({name: value for name, value in tensors.items() if not name.startswith(VISION)}, path)
    assert equal(film_case.weights(), before)


def test_tensors_without_effect_are_not_read(plain_case):
    before = plain_case.weights()
    path = plain_case.directory / "model.safetensors"
    tensors = load_file(path)
    last = "featurizer.blocks.2.", "fused_featurizer.blocks.3."
    idle = ("language_model.lm_head.weight", *(f"{VISION}{name}" for name in last))
    idle = (
        *idle,
        f"{VISION}featurizer.norm.",
        f"{VISION}fused_featurizer.norm.",
        f"{VISION}fused_featurizer.attn_pool.",
    )
    named = [name for name in tensors if name.startswith(idle)]
    assert len(named) > 20
    save_file({name: value * torch.nan if name in named else value for name, value in tensors.items()}, path)
    assert equal(plain_case.weights(), before)
    save_file({name: value for name, value in tensors.items() if name not in named}, path)
    assert equal(plain_case.weights(), before)


def test_several_files_are_as_good_as_one(write):
    whole, parts = write("whole"), write("parts", written={"shard_bytes": 400_000})
    assert len(list(parts.directory.glob("*.safetensors"))) == 3
    assert (whole.directory / "model.safetensors").is_file()
    assert equal(whole.weights(), parts.weights())


def test_names_may_begin_with_module(write):
    wrapped, bare = write("wrapped"), write("bare", written={"module_prefix": False})
    assert equal(wrapped.weights(), bare.weights())
    wrapped.retrain("vision_backbone", lambda tensors: {f"module.{name}": value for name, value in tensors.items()})
    assert equal(wrapped.weights(), bare.weights())


def test_alpha_comes_from_the_facts_then_the_adapter_then_the_rank(write):
    case = write(written={"lora_rank": 4, "lora_alpha": 2})
    name = f"{VISION}featurizer.blocks.0.attn.qkv.weight"
    base = torch.load(case.path("vision_backbone"), weights_only=True)
    base = base[f"{VISION}featurizer.blocks.0.block.attn.qkv.base_layer.weight"]

    def update(**changes):
        return case.read(replace(case.facts, **changes)).model.state_dict()[name] - base

    from_adapter, from_facts = update(), update(lora_alpha=8)
    torch.testing.assert_close(from_facts, 4 * from_adapter, rtol=1e-4, atol=1e-6)
    (case.directory / "lora_adapter" / "adapter_config.json").unlink()
    torch.testing.assert_close(update(), 2 * from_adapter, rtol=1e-4, atol=1e-6)  # min(r, 16) = 4


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_become_what_was_asked_for_and_positions_stay_exact(write, dtype):
    case = write()
    exact, model = case.weights(), case.read(dtype=dtype).model
    for name, value in model.state_dict().items():
        assert value.dtype == dtype
        assert torch.equal(value, exact[name].to(dtype))
    assert {buffer.dtype for buffer in model.buffers()} == {torch.float32}
    assert not any(value.is_meta or value.requires_grad for value in (*model.parameters(), *model.buffers()))


def test_progress_goes_from_nothing_to_everything(write):
    case = write(written={"shard_bytes": 400_000})
    steps, _ = finished(reading(case.directory, case.facts, towers=case.towers, device=CPU, dtype=torch.bfloat16))
    done = [step.bytes_read for step in steps]
    assert done == sorted(done)
    assert done[-1] == steps[-1].bytes_total
    assert steps[-1].fraction == 1
    assert {step.what for step in steps} >= {"model-00002-of-00003.safetensors", case.path("action_head").name}


def real_bytes():
    """Memory of all tensors that are newer than the last freeze, each storage once."""
    storages = {}
    for found in gc.get_objects():
        if issubclass(type(found), torch.Tensor) and not found.is_meta:
            storage = found.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def test_memory_holds_the_network_and_little_else(write, tiny):
    wide = replace(tiny, language=replace(tiny.language, width=64))
    case = write(config=wide, film=False, written={"shard_bytes": 1_000_000})
    gc.freeze()
    peak = 0
    steps = reading(case.directory, case.facts, towers=case.towers, device=CPU, dtype=torch.bfloat16)
    try:
        while True:
            next(steps)
            peak = max(peak, real_bytes())
    except StopIteration as end:
        model = end.value.model
    finally:
        gc.unfreeze()
    held = sum(value.nbytes for value in (*model.parameters(), *model.buffers()))
    components = sum(path.stat().st_size for path in case.directory.glob("*.pt"))
    on_disk = sum(path.stat().st_size for path in case.directory.glob("*.safetensors"))
    assert on_disk > 5_000_000
    assert peak <= held + components + 100_000


def test_files_are_read_in_pieces(write, monkeypatch):
    case = write(film=False)
    expected = case.weights(dtype=torch.bfloat16)
    for module in ("shards", "state_dicts", "loading"):
        monkeypatch.setattr(f"oft_demo.policy.official.{module}.PIECE", 1000)
    steps, checkpoint = finished(
        reading(case.directory, case.facts, towers=case.towers, device=CPU, dtype=torch.float32)
    )
    assert equal({name: value.bfloat16() for name, value in checkpoint.model.state_dict().items()}, expected)
    assert max(step.bytes_read for step in steps[:1]) <= 4000


def test_the_fingerprint_follows_the_weights_and_nothing_else(write):
    case = write("one")
    first = case.read().fingerprint
    assert case.read(dtype=torch.bfloat16).fingerprint == write("two").read().fingerprint == first
    assert write("three", written={"seed": 5}).read().fingerprint != first
    case.retrain("proprio_projector", lambda tensors: {n: v + 1 for n, v in tensors.items()})
    assert case.read().fingerprint != first


def test_a_step_may_be_chosen(write):
    case = write()
    other = write("other", written={"seed": 9, "step": "latest"})
    for path in other.directory.glob("*.pt"):
        path.rename(case.directory / path.name)
    early, late = case.weights(step=100000), case.weights(step="latest")
    assert not torch.equal(early["action_head.model.fc2.bias"], late["action_head.model.fc2.bias"])


def test_the_published_sizes_are_known_by_their_names(tmp_path):
    config = openvla_7b()
    write_texts(tmp_path, config, PRESETS["aloha"], 32, 16)
    found = config_of(tmp_path, PRESETS["aloha"])
    rounded = found.featurizer
    assert rounded.mean == (0.484375, 0.455078125, 0.40625)
    assert replace(found, featurizer=replace(rounded, mean=config.featurizer.mean, std=config.featurizer.std)) == config
    (tmp_path / "config.json").write_text(
        json.dumps({**json.loads((tmp_path / "config.json").read_text()), "text_config": {"vocab_size": 32064}})
    )
    assert config_of(tmp_path, PRESETS["aloha"]).language == config.language


def test_read_headers_lists_every_tensor_once(write):
    case = write(written={"shard_bytes": 400_000})
    index = json.loads((case.directory / "model.safetensors.index.json").read_text())["weight_map"]
    assert {key: stored.path.name for key, stored in read_headers(case.directory).items()} == index


def test_a_gpu_is_used_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert loading.chosen_device(None) == torch.device("cuda")
    assert loading.chosen_device(CPU) == CPU
