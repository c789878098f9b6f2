"""A network ready to act: fused weights, instructions remembered, and on a GPU one CUDA graph per prompt length."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Float32
from torch import Tensor

from oft_demo.policy.decoding import Decoded, decode
from oft_demo.policy.film import Modulation
from oft_demo.policy.model import OftModel, Prompt

REMEMBERED = 16  # instructions, and as many graphs
WARM_UPS = 3  # runs before a graph is captured: libraries choose their algorithms in them


@dataclass(frozen=True)
class Inputs:
    """What one pass of the network reads."""

    pixels: Float32[Tensor, "1 m 3 h w"]  # in 0..1
    proprio: Float32[Tensor, "1 p"]  # normalised
    prompt: Prompt
    noise: Float32[Tensor, "1 k d"] | None  # where a diffusion head starts


class Engine:
    """Runs a network for one caller at a time; takes the network over, whose weights it rearranges."""

    def __init__(self, model: OftModel, device: torch.device, graphs: bool = True):
        self.model = model.to(device).eval().requires_grad_(False)
        self.model.fuse()
        self.device = device
        # Words that are said in turn are chosen on the way, and each lengthens the sequence.
        self._graphed = graphs and device.type == "cuda" and model.config.head != "autoregressive"
        self._prompts: OrderedDict[tuple[tuple[int, ...], float], Prompt] = OrderedDict()
        self._graphs: OrderedDict[tuple[int, bool], Graph] = OrderedDict()

    @torch.inference_mode()
    def prompt(self, tokens: Sequence[int], film_scale: float = 1.0) -> Prompt:
        """Words and FiLM of an instruction, computed when it is new; `film_scale` multiplies gamma and beta."""
        key = tuple(tokens), film_scale
        if key not in self._prompts:
            prompt = self.model.prompt(torch.tensor([key[0]], device=self.device))
            self._prompts[key] = prompt._replace(modulation=_scaled(prompt.modulation, film_scale))
            _forget_oldest(self._prompts)
        self._prompts.move_to_end(key)
        return self._prompts[key]

    @torch.inference_mode()
    def prompts(self, rows: Sequence[Sequence[int]], film_scale: float = 1.0) -> Prompt:
        """Words and FiLM of several instructions, padded to one length."""
        if len(rows) == 1:
            return self.prompt(rows[0], film_scale)
        longest, pad = max(map(len, rows)), self.model.config.language.pad_id
        padded = [[*row, *[pad] * (longest - len(row))] for row in rows]
        prompt = self.model.prompt(torch.tensor(padded, device=self.device))
        return prompt._replace(modulation=_scaled(prompt.modulation, film_scale))

    @torch.inference_mode()
    def see(self, pixels: Float32[Tensor, "b m 3 h w"], prompt: Prompt) -> Float[Tensor, "b m*n d"]:
        """Patch tokens of pictures in 0..1."""
        return self.model.see(pixels, prompt.modulation)

    @torch.inference_mode()
    def decide(
        self, seen: Tensor, proprio: Float32[Tensor, "b p"], prompt: Prompt, noise: Tensor | None = None
    ) -> Decoded:
        """Actions for patch tokens and normalised joints."""
        return decode(self.model, seen, proprio, prompt, noise)

    @torch.inference_mode()
    def act(self, inputs: Inputs) -> Float[Tensor, "1 k d"]:
        """Both at once; on a GPU the kernels of a whole query are launched as one graph."""
        if not self._graphed:
            return _actions(self.model, inputs)
        key = inputs.prompt.text.lengths[0], inputs.prompt.modulation is not None
        if key not in self._graphs:
            self._graphs[key] = Graph(self.model, inputs)
            _forget_oldest(self._graphs)
        self._graphs.move_to_end(key)
        return self._graphs[key].replay(inputs)

    @property
    def graphed(self) -> bool:
        """Whether queries are replayed as graphs."""
        return self._graphed


class Graph:
    """The kernels of one query, captured for an exact prompt length: no padding, so results stay the eager ones."""

    def __init__(self, model: OftModel, inputs: Inputs):
        self._inputs = _copied(inputs)
        self._prompt = inputs.prompt  # whose words and FiLM the copy holds
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UPS):
                _actions(model, self._inputs)
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._actions = _actions(model, self._inputs)

    def replay(self, inputs: Inputs) -> Float[Tensor, "1 k d"]:
        """Put inputs where the graph reads them and run it; words and FiLM only where the instruction changed."""
        self._inputs.pixels.copy_(inputs.pixels, non_blocking=True)
        self._inputs.proprio.copy_(inputs.proprio, non_blocking=True)
        if inputs.prompt is not self._prompt:
            self._inputs.prompt.words.copy_(inputs.prompt.words)
            if self._inputs.prompt.modulation and inputs.prompt.modulation:
                self._inputs.prompt.modulation.copy_(inputs.prompt.modulation)
            self._prompt = inputs.prompt
        if self._inputs.noise is not None and inputs.noise is not None:
            self._inputs.noise.copy_(inputs.noise, non_blocking=True)
        self._graph.replay()
        return self._actions.clone()


def _actions(model: OftModel, inputs: Inputs) -> Float[Tensor, "1 k d"]:
    seen = model.see(inputs.pixels, inputs.prompt.modulation)
    return decode(model, seen, inputs.proprio, inputs.prompt, inputs.noise).actions


def _copied(inputs: Inputs) -> Inputs:
    """The same values in memory of their own."""
    prompt, noise = inputs.prompt, inputs.noise
    modulation = prompt.modulation.scaled(1.0) if prompt.modulation else None
    prompt = prompt._replace(words=prompt.words.clone(), modulation=modulation)
    return Inputs(inputs.pixels.clone(), inputs.proprio.clone(), prompt, None if noise is None else noise.clone())


def _scaled(modulation: Modulation | None, factor: float) -> Modulation | None:
    return modulation if modulation is None or factor == 1 else modulation.scaled(factor)


def _forget_oldest(kept: OrderedDict[Any, Any]) -> None:
    if len(kept) > REMEMBERED:
        kept.popitem(last=False)
