"""The loop: explore, label, pretrain, fine-tune, evaluate; forget, explore, harvest, relabel."""
