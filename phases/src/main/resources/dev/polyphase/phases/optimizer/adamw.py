# Task: the optimizer's update
# AdamW on float32 masters (Loshchilov and Hutter 2019; torch.optim.AdamW).
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # masters, gradients, m, v: float32 of equal shapes; steps: float32 [] each; rate, decay: float64 [] on the CPU. In place.
  def update(self: __torch__.K, masters: List[Tensor], gradients: List[Tensor], m: List[Tensor], v: List[Tensor], steps: List[Tensor], rate: Tensor, decay: Tensor) -> Tensor:
    torch._foreach_add_(steps, 1)
    torch._fused_adamw_(masters, gradients, m, v, annotate(List[Tensor], []), steps, lr=float(rate), beta1={{beta1}}, beta2={{beta2}}, weight_decay=float(decay), eps={{epsilon}}, amsgrad=False, maximize=False)
    return steps[0]
