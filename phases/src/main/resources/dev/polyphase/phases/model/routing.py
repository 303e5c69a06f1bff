# Task: the loss of routing
# What a pass's routers say, all layers together, and the loss that is least where experts have as many tokens as each other (Fedus et al. 2021,
# eq. 4 to 6): experts * sum_e f_e p_e, f_e being the share of tokens that chose expert e, k in sum, and p_e its mean probability.
# n tokens, padding counted; E experts, of which each token chooses k. weights: float32 [n], 0 of padding.
class K(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  # probabilities [n, E] float32, choices [n, k] int64 -> of each expert the weight of the tokens that chose it and its probabilities' sum: float64 [2, E].
  # Weights are whole numbers, so that the order in which a GPU adds them does not matter.
  def sums(self: __torch__.K, probabilities: Tensor, choices: Tensor, weights: Tensor) -> Tensor:
    wide = torch.unsqueeze(torch.to(weights, 7), -1)
    sums = torch.sum(torch.mul(torch.to(probabilities, 7), wide), [0])
    each = torch.reshape(torch.expand(wide, torch.size(choices)), [-1])
    counts = torch.scatter_add(torch.zeros_like(sums), 0, torch.reshape(choices, [-1]), each)
    return torch.stack([counts, sums])

  # layers: their sums, each on its device; tokens: float64 [], the weight of all; like: on the device of the result. The loss, float64 [], and its
  # derivative with respect to each token's probability of each expert, by the token's weight: float64 [E].
  def loss(self: __torch__.K, layers: List[Tensor], tokens: Tensor, like: Tensor) -> List[Tensor]:
    all = torch.zeros_like(layers[0], dtype=7, device=ops.prim.device(like))
    for i in range(torch.len(layers)):
      all = torch.add(all, torch.to(layers[i], ops.prim.device(like)))
    counts = torch.select(all, 0, 0)
    rows = torch.mul(float(tokens), torch.len(layers))
    slope = torch.div(torch.mul(counts, torch.size(counts, 0)), torch.mul(rows, rows))
    return [torch.sum(torch.mul(slope, torch.select(all, 0, 1))), slope]

  # The gradient of a layer's probabilities, float32 [n, E] on its device; factor: float64 [], what the loss is multiplied by.
  def gradient(self: __torch__.K, slope: Tensor, weights: Tensor, factor: Tensor) -> Tensor:
    here = torch.to(torch.mul(slope, float(factor)), ops.prim.device(weights), 6)
    return torch.mul(torch.unsqueeze(weights, -1), here)
