"""The settings of a training run, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Augmentation:
    """How pictures and joints are varied while training; nothing of it happens when the policy acts.

    OFT crops 90 % of the area at random and takes the centre crop at test time. Here one pixel is about a
    centimetre of table seen by fixed cameras, so a random crop would blur exactly what a grasp needs: colours vary,
    places do not, and there is no test-time crop.
    """

    brightness: float = 0.1  # added, in units of full scale
    contrast: float = 0.15  # relative
    saturation: float = 0.15  # relative
    hue: float = 0.02  # of a full turn; colour words must stay true
    shift_pixels: float = 0.0  # largest shift along each axis [pixels]
    smallest_scale: float = 1.0  # side of the smallest crop; OFT's is sqrt(0.9) = 0.95
    proprio_noise: float = 0.01  # standard deviation in normalised units


@dataclass(frozen=True)
class WordVariation:
    """How instructions are varied, so that wordings outside the training list still work."""

    unknown_words: float = 0.3  # chance that a random share of the words becomes unknown; the telling ones stay
    extra_words: float = 0.15  # chance of one to three unknown words before or after
    shuffle: float = 0.1  # chance of another word order


@dataclass(frozen=True)
class TrainSettings:
    """A whole training run: a stage of grounding, then imitation with grounding kept as a light auxiliary loss."""

    grounding_steps: int = 700  # from scratch, L1 alone stayed deaf to language for as long as it was tried
    imitation_steps: int = 3300
    minutes: float | None = None  # a budget of time instead of steps; the same stages, stretched over it
    batch_size: int = 16  # more updates for the same samples; a CPU gains nothing from larger batches
    learning_rate: float = 8e-4  # peak; a model of a few million parameters, trained from scratch
    final_rate: float = 0.02  # of the peak, at the end of the cosine
    warmup_steps: int = 100
    weight_decay: float = 0.05  # on matrices only
    gradient_clip: float = 1.0
    average_decay: float = 0.998  # of the moving average of weights that is validated and saved as the policy
    replan_after: int = 12  # rows (0.5 s) executed before the policy is asked again; written into policy.json
    late_row_weight: float = 0.5  # of rows that are not executed before the policy is asked again
    grasp_weight: float = 2.0  # of frames with a gripper opening or closing within the chunk: grasps decide success
    # Frames of some episodes count more: by a part of their name in the cache, factors of several parts multiply.
    episode_weights: tuple[tuple[str, float], ...] = ()
    stop_after: int | None = None  # steps after which a round ends early, for a next one on more data
    patch_weight: float = 0.05  # of the grounding loss over patches while imitating
    position_weight: float = 0.05  # of the position loss while imitating
    grounding_imitation_weight: float = 0.5  # of the L1 in stage 1, where the object asked for is the expert's
    validation_share: float = 0.04  # of episodes, held out
    validation_frames: int = 256
    validate_every: int = 200  # [steps]
    save_minutes: float = 4.0  # between checkpoints
    threads: int = 1  # two trainings run side by side on two cores
    seed: int = 0
    augmentation: Augmentation = Augmentation()
    words: WordVariation = WordVariation()

    @property
    def total_steps(self) -> int:
        """Steps of both stages."""
        return self.grounding_steps + self.imitation_steps
