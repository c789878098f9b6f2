"""What people may say to the robot: wordings of each task, and the object that a sentence names."""

import re

VEGETABLES = ("red pepper", "green pepper", "yellow corn")
# One of these words is enough to tell the object; two objects in one sentence name neither.
KEY_WORDS = {
    "red": "red pepper",
    "green": "green pepper",
    "yellow": "yellow corn",
    "corn": "yellow corn",
}

PUT_TRAINING = (
    "put {x} into pot",
    "put the {x} into the pot",
    "place the {x} in the pot",
    "pick up the {x} and put it into the pot",
    "move the {x} into the pot",
    "drop the {x} into the pot",
    "take the {x} and place it in the pot",
    "grab the {x} and drop it in the pot",
    "lift the {x} and put it in the pot",
    "the {x} goes into the pot",
    "cook the {x}",
    "set the {x} inside the pot",
    "bring the {x} to the pot",
    "put the {short} into the pot",
    "place the {short} inside the pot",
    "{x} into the pot",
)
PUT_HELD_OUT = (
    "please put the {x} in the pot",
    "could you toss the {x} into the pot",
    "transfer the {x} to the cooking pot",
    "into the pot with the {x}",
    "the pot needs the {x} now",
    "fetch the {short} and put it in the pot please",
    "deposit the {x} in the saucepan",
    "i would like the {x} in the pot",
    "throw the {short} in there",
    "now the {x} please",
)
SHORT_NAME = {"red pepper": "red one", "green pepper": "green one", "yellow corn": "corn"}

TRANSFER_TRAINING = (
    "transfer cube",
    "transfer the cube",
    "transfer the red cube to the other arm",
    "hand over the cube",
    "hand the red cube to the left arm",
    "pick up the cube and hand it over",
    "pass the cube to the left gripper",
    "pick up the red cube with the right arm and transfer it to the left arm",
    "give the cube to the left arm",
    "move the cube from the right arm to the left arm",
    "take the cube and pass it over",
    "grab the red cube and give it to the other hand",
)
TRANSFER_HELD_OUT = (
    "please transfer the cube",
    "let the left arm have the cube",
    "could you hand the red block over",
    "bring the cube to the other gripper",
)

INSERTION_TRAINING = (
    "insert peg into socket",
    "insert the peg into the socket",
    "put the red peg into the blue socket",
    "push the peg into the socket",
    "plug the peg into the socket",
    "join the peg and the socket",
    "pick up the peg and the socket and insert the peg",
    "slide the red peg into the blue socket",
    "fit the peg into the socket",
    "stick the peg into the socket",
    "bring peg and socket together",
    "place the red peg inside the socket",
)
INSERTION_HELD_OUT = ("please insert the peg", "get the peg inside the blue socket")


def training(task: str, named_object: str | None = None) -> tuple[str, ...]:
    """The wordings that demonstrations of a task are recorded with; put_x_into_pot needs an object."""
    return _wordings(task, named_object, PUT_TRAINING, TRANSFER_TRAINING, INSERTION_TRAINING)


def held_out(task: str, named_object: str | None = None) -> tuple[str, ...]:
    """Wordings that no demonstration carries, to test what the policy makes of other words."""
    return _wordings(task, named_object, PUT_HELD_OUT, TRANSFER_HELD_OUT, INSERTION_HELD_OUT)


def examples(task: str) -> tuple[str, ...]:
    """A few instructions to click."""
    if task == "put_x_into_pot":
        return tuple(f"put the {label} into the pot" for label in VEGETABLES)
    return training(task)[1:4]


def named_object(task: str, instruction: str) -> str | None:
    """The object of the scene that an instruction names; None where it names none, or several."""
    if task == "transfer_cube":
        return "red cube"
    if task == "insertion":
        return "red peg"
    words = re.findall(r"[a-z]+", instruction.lower())
    named = {KEY_WORDS[word] for word in words if word in KEY_WORDS}
    return named.pop() if len(named) == 1 else None


def _wordings(
    task: str, named: str | None, put: tuple[str, ...], transfer: tuple[str, ...], insertion: tuple[str, ...]
) -> tuple[str, ...]:
    if task == "transfer_cube":
        return transfer
    if task == "insertion":
        return insertion
    if named is None:
        return tuple(text for label in VEGETABLES for text in _wordings(task, label, put, transfer, insertion))
    return tuple(text.format(x=named, short=SHORT_NAME[named]) for text in put)
