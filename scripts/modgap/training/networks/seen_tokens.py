"""A token embedding of which training holds the rows that its texts look up.

A vocabulary has 49,408 tokens, the captions of a run a few thousand or a few dozen. The row of a
token that no text has gets no gradient: AdamW leaves its moments at zero and only shrinks it, in
every step by the same factor as all others; without decay Adam leaves it alone. So what is left of
it is known without touching it.
"""

import torch
from torch.nn import functional

from modgap.embeddings.forward.trimming import text_part


class SeenTokens(torch.nn.Module):
    """Rows of an ``Embedding`` for the given tokens; it raises IndexError for others.

    embedding : torch.nn.Embedding of the whole vocabulary, (tokens, width)
    tokens : int64 tensor of all that will be looked up
    """

    def __init__(self, embedding, tokens):
        super().__init__()
        device = embedding.weight.device
        seen = tokens.unique()
        # Neither parameter nor buffer, as it never changes: the state does not hold it.
        self.start = embedding.weight.detach().cpu()
        self.seen = seen.cpu()
        self.row = torch.full((len(self.start),), len(seen), device=device)
        self.row[seen.to(device)] = torch.arange(len(seen), device=device)
        self.weight = torch.nn.Parameter(self.start[self.seen].to(device))
        self.register_buffer("left", torch.ones((), dtype=torch.float64))

    def forward(self, tokens):
        return functional.embedding(self.row[tokens], self.weight)

    def decay_unseen(self, share):
        """Shrink all rows that are not held by this share of themselves: a step of AdamW."""
        self.left *= 1 - share

    def square_of_unseen(self):
        """Sum of squares of all numbers in the rows that are not held, a float64 scalar."""
        unseen = torch.ones(len(self.start), dtype=torch.bool)
        unseen[self.seen] = False
        return self.start[unseen].double().square().sum() * self.left.cpu() ** 2

    def whole(self):
        """The ``Embedding`` of the whole vocabulary, as training has left it, on the processor."""
        table = self.start * self.left.float().cpu()
        table[self.seen] = self.weight.detach().cpu()
        return torch.nn.Embedding.from_pretrained(table, freeze=False)


def hold_seen_tokens(network, tokens):
    """Let the text tower of an open_clip network hold the rows of these tokens alone.

    Towers without a token embedding of their own (those of Hugging Face) are left as they are.
    """
    tower = text_part(network)
    embedding = getattr(tower, "token_embedding", None)
    if type(embedding) is torch.nn.Embedding and embedding.weight.requires_grad:
        tower.token_embedding = SeenTokens(embedding, tokens)


def hold_all_tokens(network):
    """Undo ``hold_seen_tokens``, with the weights as training has left them."""
    tower = text_part(network)
    if isinstance(getattr(tower, "token_embedding", None), SeenTokens):
        tower.token_embedding = tower.token_embedding.whole()


def find_seen_tokens(module):
    """The ``SeenTokens`` within a module, a list."""
    return [part for part in module.modules() if isinstance(part, SeenTokens)]
