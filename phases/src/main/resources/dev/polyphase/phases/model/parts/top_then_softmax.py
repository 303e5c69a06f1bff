  # ---- Routing: of the scores of all experts the largest, and the softmax over these.

  # rows [n, hidden] -> shares [n, chosen], experts' numbers int64 [n, chosen]
  def route(self: __torch__.K, rows: Tensor, w: List[Tensor], said: List[Tensor]) -> Tuple[Tensor, Tensor]:
    scores = (self).project(rows, w, {{router}})
    top, choices, = torch.topk(scores, {{chosen}}, -1, True, True)
    if {{says_routing}}:
      _0 = torch.append(said, torch.softmax(scores, -1, 6))
      _1 = torch.append(said, choices)
    return (torch.softmax(top, -1), choices)
