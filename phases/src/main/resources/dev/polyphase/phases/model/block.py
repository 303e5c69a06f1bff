# Task: a pass through a block of the model
# One transformer block and its vector-Jacobian product. What every block has stands first; what this one computes, from forward on, in its parts behind.
# Shapes: x, y [batch, seq, hidden]; cos, sin [seq, head_dim], float32; w: the block's weights, see below.
# documents: int64 [3 n] on the CPU, three numbers of each of the n documents that lie side by side in every row: its tokens; which document begins
# with its prefix, -1 for none; the prefix's tokens, 0 for none. Of other documents no token sees anything but its own one's prefix.
# Frozen weights have x's dtype; trained ones are float32 masters that are converted on the way, or copies of masters in x's dtype.
# Constants are the indices of the weights in w, -1 where the block has none, and the block's sizes.
# Behind its weights w holds the adapters of the modules that have one, float32 masters too; behind these, where adapters drop inputs, the seed of
# that: int64 [] on the CPU, below 0 where nothing is to be dropped.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # The block under autograd. trained: int64 [1 + len(w)], 1 where the gradient is wanted: of x, then of each weight. Returns y, then the
  # leaves whose gradients are wanted, in that order. While y lives, so does its graph.
  def traced(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor], trained: Tensor) -> List[Tensor]:
    leaves = annotate(List[Tensor], [])
    x1 = torch.detach(x)
    if torch.eq(int(torch.select(trained, 0, 0)), 1):
      _0 = torch.append(leaves, torch.requires_grad_(x1, True))
    w1 = annotate(List[Tensor], [])
    for i in range(torch.len(w)):
      wi = torch.detach(w[i])
      if torch.eq(int(torch.select(trained, 0, torch.add(i, 1))), 1):
        _1 = torch.append(leaves, torch.requires_grad_(wi, True))
      _2 = torch.append(w1, wi)
    found = [(self).forward(x1, cos, sin, documents, w1)]
    for i in range(torch.len(leaves)):
      _3 = torch.append(found, leaves[i])
    return found

  # y, leaves: from traced; gy: the gradient of y; input: int64 [], 1 where the first leaf is x. The gradients of the leaves; a weight's is float32.
  # Frees the graph.
  def backward(self: __torch__.K, y: Tensor, leaves: List[Tensor], gy: Tensor, input: Tensor) -> List[Tensor]:
    found = torch.grad([y], leaves, annotate(List[Optional[Tensor]], [gy]), None, False, False)
    first = int(input)
    gradients = annotate(List[Tensor], [])
    for i in range(torch.len(found)):
      gradient = unchecked_cast(Tensor, found[i])
      if torch.lt(i, first):
        _0 = torch.append(gradients, gradient)
      else:
        _1 = torch.append(gradients, torch.to(gradient, 6))
    return gradients

  # The same with nothing kept: the block is computed again.
  def vjp(self: __torch__.K, x: Tensor, cos: Tensor, sin: Tensor, documents: Tensor, w: List[Tensor], trained: Tensor, gy: Tensor) -> List[Tensor]:
    found = (self).traced(x, cos, sin, documents, w, trained)
    leaves = annotate(List[Tensor], [])
    for i in range(torch.sub(torch.len(found), 1)):
      _0 = torch.append(leaves, found[torch.add(i, 1)])
    return (self).backward(found[0], leaves, gy, torch.select(trained, 0, 0))
