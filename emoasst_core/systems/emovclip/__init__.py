"""EmoVCLIP with modality dropout (Soul AI, first at MER2024-SEMI): prompted CLIP, attention fusion, self-training."""
