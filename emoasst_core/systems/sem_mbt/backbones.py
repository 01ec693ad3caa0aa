"""VGGish for 960 ms of sound and ResNet-18 for a face, each with two places where the words may come in."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.systems.sem_mbt.semantic_enhancement import SemanticEnhancement

VGGISH_DIM = 128
Words = tuple[Tensor, Tensor]


class VGGish(nn.Module):
    """Hershey et al. 2017: four groups of convolutions and three dense layers; 72,141,184 parameters at full width.

    Args:
        width: channels of the first group (64).
        dense_dim: of the first two dense layers (4096).
        text_dim, keys: of the semantic enhancement after groups 2 and 4; keys "none" leaves it out.
    """

    def __init__(self, width: int = 64, dense_dim: int = 4096, text_dim: int = 768, keys: str = "tokens") -> None:
        super().__init__()
        self.groups = nn.ModuleList([_group(1, width, 1), _group(width, 2 * width, 1), _group(2 * width, 4 * width, 2),
                                     _group(4 * width, 8 * width, 2)])  # fmt: skip
        self.dense = nn.Sequential(
            nn.Linear(8 * width * 6 * 4, dense_dim), nn.ReLU(), nn.Linear(dense_dim, dense_dim), nn.ReLU(),
            nn.Linear(dense_dim, VGGISH_DIM),
        )  # fmt: skip
        self.enhance = _enhancements({1: 2 * width, 3: 8 * width}, text_dim, keys)

    def forward(self, pictures: Tensor, words: Words) -> Tensor:
        """(n, 1, 96, 64) log-mel, time down, and each one's words -> (n, 128)."""
        maps = pictures
        for place, group in enumerate(self.groups):
            maps = group(maps)
            if str(place) in self.enhance:
                maps = self.enhance[str(place)](maps, *words)
        result: Tensor = self.dense(maps.permute(0, 2, 3, 1).flatten(1))
        return result


def _group(width_in: int, width: int, num_layers: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in range(num_layers):
        layers += [nn.Conv2d(width_in if layer == 0 else width, width, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut; named as torchvision names them, so that its weights fit."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = (
            nn.Sequential(nn.Conv2d(width_in, width, 1, stride, bias=False), nn.BatchNorm2d(width))
            if stride != 1 or width_in != width
            else None
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(n, width_in, h, w) -> (n, width, h / stride, w / stride)."""
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))
        result: Tensor = F.relu(inner + (maps if self.downsample is None else self.downsample(maps)))
        return result


class ResNet18(nn.Module):
    """He et al. 2016 without its classifier; 11,176,512 parameters at full width.

    Args:
        width: channels of the first stage (64); the last has eight times as many.
        text_dim, keys: of the semantic enhancement after conv3_x and conv5_x; keys "none" leaves it out.
    """

    def __init__(self, width: int = 64, text_dim: int = 768, keys: str = "tokens") -> None:
        super().__init__()
        self.width_out = 8 * width
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(BasicBlock(width, width, 1), BasicBlock(width, width, 1))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, 2), BasicBlock(2 * width, 2 * width, 1))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, 2), BasicBlock(4 * width, 4 * width, 1))
        self.layer4 = nn.Sequential(BasicBlock(4 * width, 8 * width, 2), BasicBlock(8 * width, 8 * width, 1))
        self.enhance = _enhancements({2: 2 * width, 4: 8 * width}, text_dim, keys)

    def forward(self, pictures: Tensor, words: Words) -> Tensor:
        """(n, 3, s, s) and each one's words -> (n, 8 width), averaged over the positions."""
        maps = F.max_pool2d(F.relu(self.bn1(self.conv1(pictures))), 3, 2, 1)
        for number, layer in enumerate((self.layer1, self.layer2, self.layer3, self.layer4), start=1):
            maps = layer(maps)
            if str(number) in self.enhance:
                maps = self.enhance[str(number)](maps, *words)
        return maps.mean((2, 3))


def _enhancements(places: dict[int, int], text_dim: int, keys: str) -> nn.ModuleDict:
    if keys == "none":
        return nn.ModuleDict()
    return nn.ModuleDict({str(place): SemanticEnhancement(channels, text_dim, keys) for place, channels in places.items()})
