"""BERT, wav2vec 2.0 and VideoMAE fine-tuned one by one, joined by a support vector machine (Babaali & Shayaninasab)."""
