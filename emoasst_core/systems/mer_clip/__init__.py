"""MER-CLIP (Song & Cho, WACV 2025): three CLIP towers, a label encoder and a cross-modal decoder."""
