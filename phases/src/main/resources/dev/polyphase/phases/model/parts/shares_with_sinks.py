  # ---- Shares: the softmax of scores [batch, heads, queries, keys] over the keys and a head's sink (Xiao et al. 2023), without what the sink gets; float32.

  def shares(self: __torch__.K, scores: Tensor, w: List[Tensor]) -> Tensor:
    size = [torch.size(scores, 0), -1, torch.size(scores, 2), 1]
    sinks = torch.expand(torch.reshape(torch.type_as(w[{{sinks}}], scores), [1, -1, 1, 1]), size)
    all = torch.softmax(torch.cat([scores, sinks], -1), -1, 6)
    return torch.narrow(all, -1, 0, torch.size(scores, 3))
