"""Builds a real Whisper model of 0.3 MB with random weights, in CTranslate2's format: the whole way, no meaning."""

from __future__ import annotations

import json
from pathlib import Path

MARKS = "endoftext startoftranscript en de translate transcribe startoflm startofprev nospeech notimestamps"


def build_tiny_whisper(folder: Path, scratch: Path) -> Path:
    """Write the model into `folder`; the original goes to `scratch`."""
    from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports

    ensure_torchvision_imports()
    import torch
    from ctranslate2.converters import TransformersConverter
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    scratch.mkdir(parents=True)
    token_ids = _write_tokenizer(scratch)
    end = token_ids["<|endoftext|>"]
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(token_ids), d_model=16, num_mel_bins=80, suppress_tokens=[], begin_suppress_tokens=[],
            encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
            encoder_ffn_dim=32, decoder_ffn_dim=32, decoder_start_token_id=token_ids["<|startoftranscript|>"],
            bos_token_id=end, eos_token_id=end, pad_token_id=end,
        )
    )  # fmt: skip
    model.generation_config.lang_to_id = {name: token_ids[name] for name in ("<|en|>", "<|de|>")}
    model.generation_config.alignment_heads = [[0, 0]]
    model.generation_config.no_timestamps_token_id = token_ids["<|notimestamps|>"]
    model.save_pretrained(scratch)
    converter = TransformersConverter(str(scratch), copy_files=["tokenizer.json", "preprocessor_config.json"])
    converter.convert(str(folder))
    return folder


def _write_tokenizer(folder: Path) -> dict[str, int]:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(f"<|{mark}|>", special=True) for mark in MARKS.split()])
    tokenizer.add_tokens([AddedToken(f"<|{index * 0.02:.2f}|>") for index in range(1501)])
    tokenizer.save(str(folder / "tokenizer.json"))
    end = "<|endoftext|>"
    settings = {
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "bos_token": end, "unk_token": end,
        },
        "preprocessor_config.json": {
            "feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400, "chunk_length": 30,
        },
    }  # fmt: skip
    for name, content in settings.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return dict(tokenizer.get_vocab())
