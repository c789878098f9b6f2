"""A tokenizer with Llama's special ids and a small vocabulary: what it does not know is spelled in bytes."""

import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, normalizers, processors
from tokenizers.models import BPE

from oft_demo.policy.official.tokenizer import SPACE_ID, START_ID, TOKENIZER, UNKNOWN_ID
from oft_demo.policy.tokenizer import MAX_LENGTH, SPACE

UNKNOWN, START, STOP, PAD = "<unk>", "<s>", "</s>", "<PAD>"
FIRST_BYTE, FIRST_PIECE, PAD_ID, STOP_ID = 3, 259, 32000, 2
LETTERS = "abcdefghijklmnopqrstuvwxyzIOW:?\n0123456789"
WORDS = (
    "In: What action should the robot take to put into pot fold shirt shorts scoop bowl green red yellow pepper corn"
)


def write_tokenizer(directory: Path) -> Path:
    """Write tokenizer.json and tokenizer_config.json."""
    path = directory / TOKENIZER
    build().save(str(path))
    special = {"unk_token": UNKNOWN, "bos_token": START, "eos_token": STOP, "pad_token": PAD}
    about = {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "model_max_length": MAX_LENGTH, **special}
    (directory / "tokenizer_config.json").write_text(json.dumps(about, indent=2) + "\n")
    return path


def build() -> Tokenizer:
    """Letters, and words of ALOHA's tasks that grow letter by letter from the space before them."""
    pieces, merges = _pieces()
    vocabulary = {UNKNOWN: UNKNOWN_ID, START: START_ID, STOP: STOP_ID}
    vocabulary |= {f"<0x{byte:02X}>": FIRST_BYTE + byte for byte in range(256)}
    vocabulary |= {piece: FIRST_PIECE + index for index, piece in enumerate(pieces)}
    vocabulary |= {letter: SPACE_ID + index for index, letter in enumerate((SPACE, *LETTERS))}
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token=UNKNOWN, fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(SPACE), normalizers.Replace(" ", SPACE)])
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{START} $A", special_tokens=[(START, START_ID)])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (UNKNOWN, START, STOP)])
    return _with_padding(tokenizer)


def _pieces() -> tuple[list[str], list[tuple[str, str]]]:
    pieces: list[str] = []
    merges: list[tuple[str, str]] = []
    for word in WORDS.split():
        grown = SPACE
        for letter in word:
            if grown + letter not in pieces and letter in LETTERS:
                pieces.append(grown + letter)
                merges.append((grown, letter))
            grown += letter
    return pieces, merges


def _with_padding(tokenizer: Tokenizer) -> Tokenizer:
    """The padding token has a number far behind the others, which only the file's format can say."""
    values = json.loads(tokenizer.to_str())
    pad = {**values["added_tokens"][-1], "id": PAD_ID, "content": PAD}
    values["added_tokens"].append(pad)
    values["model"]["vocab"][PAD] = PAD_ID
    return Tokenizer.from_str(json.dumps(values))
