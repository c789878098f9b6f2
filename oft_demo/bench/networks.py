"""Networks with random weights to measure, and questions to put to them."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from oft_demo.bench.literal import Question
from oft_demo.policy import Head, OftConfig, OftModel, openvla_7b
from oft_demo.policy.inference import Engine, Inputs

NARROWER, SHALLOWER = 64, 3 / 4  # than the published network
HEADS = 2
PROMPT_TOKENS = 25  # BOS included: a published instruction


@dataclass(frozen=True)
class Setting:
    """A robot's shapes, as the paper measures them."""

    name: str
    images: int
    chunk_length: int
    action_dim: int
    plus: bool  # joints and FiLM: OFT+
    bar: float  # actions/s of chunks said at once over those of words said in turn, as the paper has it
    bar_over_memory: float | None = None  # the same over words said in turn with keys and values remembered


LIBERO = Setting("LIBERO: one image, K = 8, D = 7", 1, 8, 7, plus=False, bar=26)
ALOHA = Setting("ALOHA: three images, joints, FiLM, K = 25, D = 14", 3, 25, 14, plus=True, bar=43, bar_over_memory=43)


def middle(setting: Setting) -> OftConfig:
    """The published network at a 64th of its widths and three quarters of its depths: deep and narrow as it is, and
    with the published pictures, vocabulary and sequence."""
    published = openvla_7b()
    language = published.language
    towers = {
        name: replace(
            tower,
            width=tower.width // NARROWER,
            mlp_width=tower.mlp_width // NARROWER,
            heads=HEADS,
            blocks_used=round(tower.blocks_used * SHALLOWER),
        )
        for name, tower in (("featurizer", published.featurizer), ("fused_featurizer", published.fused_featurizer))
    }
    trunk = replace(
        language,
        width=language.width // NARROWER,
        mlp_width=language.mlp_width // NARROWER,
        heads=HEADS,
        layers=round(language.layers * SHALLOWER),
    )
    return replace(
        published,
        language=trunk,
        images=setting.images,
        chunk_length=setting.chunk_length,
        action_dim=setting.action_dim,
        proprio_dim=setting.action_dim,
        film=setting.plus,
        proprio=setting.plus,
        **towers,
    )


def random_model(config: OftConfig, seed: int = 0) -> OftModel:
    """A network to measure; its layer scales are opened, so that mistakes in its branches show in its actions."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        model = OftModel(config).eval().requires_grad_(False)
        for name, weight in model.named_parameters():
            if name.endswith("scale_factor"):
                weight.uniform_(0.4, 0.8)
    return model


def with_head(model: OftModel, head: Head, chunk_length: int) -> OftModel:
    """The same trunk and towers under another head, as OpenVLA has them where its actions are words: without joints
    and FiLM."""
    speaks = head in ("discrete", "autoregressive")
    plus = {"film": False, "proprio": False} if speaks else {}
    other = random_model(replace(model.config, head=head, chunk_length=chunk_length, **plus))
    other.load_state_dict(_shared(model, other), strict=False)
    return other


def random_question(config: OftConfig, tokens: int = PROMPT_TOKENS, device: torch.device | None = None) -> Question:
    """Noise for pictures, joints and words."""
    generator = torch.Generator().manual_seed(1)
    size, words = config.image_size, config.language.vocabulary
    pictures = torch.randint(0, 256, (config.images, size, size, 3), generator=generator, dtype=torch.uint8)
    proprio = torch.rand(1, config.proprio_dim, generator=generator) * 2 - 1
    prompt = torch.randint(3, words // 2, (tokens - 1,), generator=generator)
    return Question(pictures.to(device), proprio.to(device), (1, *prompt.tolist()))


def pixels_of(question: Question) -> Float32[Tensor, "1 m 3 h w"]:
    """Pictures in 0..1."""
    return question.pictures.permute(0, 3, 1, 2).float().div_(255)[None]


def inputs_of(engine: Engine, question: Question) -> Inputs:
    """A question as our network reads it; what its words mean is remembered."""
    return Inputs(pixels_of(question), question.proprio, engine.prompt(question.tokens), None)


def answer(engine: Engine, question: Question) -> Float[Tensor, "k d"]:
    """Normalised actions by our path, on the host."""
    return engine.act(inputs_of(engine, question))[0].float().cpu()


def _shared(model: OftModel, other: OftModel) -> dict[str, Tensor]:
    shapes = {name: weight.shape for name, weight in other.state_dict().items()}
    return {name: weight for name, weight in model.state_dict().items() if shapes.get(name) == weight.shape}
