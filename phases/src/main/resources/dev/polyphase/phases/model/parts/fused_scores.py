  # ---- Scores: scaled products of queries and keys, by libtorch's fused attention.

  # Whether keys and values are there once for each query head: libtorch's fused attention knows grouped queries on CUDA in 16 bits only; elsewhere it
  # would build the whole matrix of scores.
  def repeats(self: __torch__.K, dtype: int) -> bool:
    return torch.__and__({{heads_per_group}} > 1, torch.__not__(torch.__and__({{on_gpu}}, torch.ne(dtype, 6))))

  # Rows are padded on the right, so that no token sees padding and the causal flag suffices without a window. Behind a prefix there are more keys than
  # queries, and the flag would count both from the first.
  def attend(self: __torch__.K, q: Tensor, k: Tensor, v: Tensor, w: List[Tensor]) -> Tensor:
    queries = torch.size(q, 2)
    keys = torch.size(k, 2)
    if torch.__or__((self).windowed(keys), torch.gt(keys, queries)):
      mask = (self).seen(queries, keys)
      # With a mask it knows grouped queries nowhere.
      group = torch.floordiv(torch.size(q, 1), torch.size(k, 1))
      if torch.gt(group, 1):
        k1 = torch.repeat_interleave(k, group, 1)
        v1 = torch.repeat_interleave(v, group, 1)
      else:
        k1 = k
        v1 = v
      y = torch.scaled_dot_product_attention(q, k1, v1, mask, 0., False, scale={{scale}})
    else:
      y = torch.scaled_dot_product_attention(q, k, v, None, 0., True, scale={{scale}}, enable_gqa=True)
    return y
