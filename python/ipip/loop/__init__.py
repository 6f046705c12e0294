"""The loop: explore, label, pretrain, fine-tune, evaluate; then forget, explore, harvest, relabel and again."""
