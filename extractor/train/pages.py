"""Pages and their truths: reads a data folder, asks the program what it sees in each page, labels blocks by the truth.

A data folder holds datasets (NAME/truth.jsonl and the pages it names; see the scorer beside them). What the program sees comes
from `tidings extract --batch --dump-features`, so training and serving share one computation of features.
"""
import hashlib, json, os, re, struct, subprocess, tempfile, unicodedata
import numpy as np

TOKEN = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+", re.UNICODE)
MAGIC = 0x31464454
SUFFIX_LIST = "/usr/share/publicsuffix/public_suffix_list.dat"


def tokens(s):
    return [t.lower() for t in TOKEN.findall(unicodedata.normalize("NFC", s or ""))]


class Suffixes:
    """Registrable domains by the distribution's public suffix list."""

    def __init__(self, path=SUFFIX_LIST):
        self.rules = set()
        with open(path, encoding="utf-8") as f:
            for line in f:
                rule = line.split("//")[0].strip()
                if rule:
                    self.rules.add(rule)

    def domain(self, host):
        labels = host.lower().strip(".").split(".")
        for i in range(len(labels)):
            name = ".".join(labels[i:])
            if "!" + name in self.rules:
                return ".".join(labels[i:])
            if name in self.rules or "*." + ".".join(labels[i + 1:]) in self.rules:
                return ".".join(labels[max(0, i - 1):])
        return ".".join(labels[-2:])


class Page:
    """One page: truth (a dict of truth.jsonl), answer (the program's), rows (blocks x features), row (of the page)."""


def fold_of(domain, folds):
    return int(hashlib.sha1(domain.encode()).hexdigest(), 16) % folds


def host_of(url):
    m = re.match(r"https?://([^/:?#]+)", url or "")
    return m.group(1) if m else None


def read_dump(path):
    with open(path, "rb") as f:
        data = f.read()
    at, out = 0, []
    while at < len(data):
        magic, blocks, width, page_width = struct.unpack_from("<4I", data, at)
        assert magic == MAGIC
        at += 16
        row = np.frombuffer(data, "<f4", page_width, at)
        at += 4 * page_width
        rows = np.frombuffer(data, "<f4", blocks * width, at).reshape(blocks, width)
        at += 4 * blocks * width
        out.append((rows, row))
    return out


def ask(program, paths_urls, model=None, mode="news", dump=True):
    """The program's answers, with what it sees where dump is set."""
    lines = "".join("%s\t%s\n" % (p, u or "") for p, u in paths_urls)
    with tempfile.NamedTemporaryFile() as tmp:
        cmd = [program, "extract", "--batch", "--mode", mode]
        if dump:
            cmd += ["--dump-features", tmp.name]
        if model:
            cmd += ["--model", model]
        r = subprocess.run(cmd, input=lines.encode(), stdout=subprocess.PIPE, check=True)
        answers = [json.loads(l) for l in r.stdout.split(b"\n") if l]
        assert len(answers) == len(paths_urls)
        return list(zip(answers, read_dump(tmp.name))) if dump else answers


def load(program, folder, dataset, suffixes, keep=lambda truth: True, model=None):
    base = os.path.join(folder, dataset)
    with open(os.path.join(base, "truth.jsonl"), encoding="utf-8") as f:
        truths = [t for t in map(json.loads, f) if keep(t)]
    seen = ask(program, [(os.path.join(base, t["html"]), t.get("url")) for t in truths], model)
    pages = []
    for truth, (answer, (rows, row)) in zip(truths, seen):
        p = Page()
        p.dataset, p.truth, p.rows, p.row = dataset, truth, rows, row
        p.texts = answer.pop("block_texts", [])
        p.answer = answer
        host = host_of(truth.get("url")) or host_of(answer.get("canonical_url"))
        p.domain = suffixes.domain(host) if host else dataset + "/" + truth["id"]
        pages.append(p)
    return pages


# ---- labels ----

def aligned(page, truth):
    """For each token of page whether a longest common subsequence with truth uses it in a run of 3 or more.

    Bit-parallel (Hyyro 2004): a bit a truth token, a row a page token; the rows are kept for walking back."""
    masks = {}
    for i, t in enumerate(truth):
        masks[t] = masks.get(t, 0) | 1 << i
    full = (1 << len(truth)) - 1
    v, rows = full, []
    for t in page:
        m = masks.get(t)
        if m:
            u = v & m
            v = ((v + u) | (v - u)) & full
        rows.append(v)
    pairs, row, col = [], len(page), len(truth)
    while row and col:
        if rows[row - 1] >> (col - 1) & 1:
            col -= 1
        else:
            row -= 1
            if not (row and not rows[row - 1] >> (col - 1) & 1):
                col -= 1
                pairs.append((row, col))
    pairs.reverse()
    used = [False] * len(page)
    start = 0
    for k in range(1, len(pairs) + 1):
        if k == len(pairs) or pairs[k][0] != pairs[k - 1][0] + 1 or pairs[k][1] != pairs[k - 1][1] + 1:
            if k - start >= 3:
                for r, _ in pairs[start:k]:
                    used[r] = True
            start = k
    return used


def label(page):
    """(labels, weights, share of the truth found) of a page's blocks; weight 0 masks a block."""
    block_tokens = [tokens(t) for t in page.texts]
    flat = [t for b in block_tokens for t in b]
    truth = tokens(page.truth["body"])
    used = aligned(flat, truth)
    y = np.zeros(len(block_tokens), np.int8)
    found = at = 0
    for i, b in enumerate(block_tokens):
        hits = sum(used[at:at + len(b)])
        found += hits
        at += len(b)
        y[i] = len(b) > 0 and hits > 0.5 * len(b)
    w = np.array([min(len(b), 150) ** 0.7 + 1 for b in block_tokens], np.float64)
    texts = [" ".join(b) for b in block_tokens]
    positive = {t for t, yes in zip(texts, y) if yes}
    for i, t in enumerate(texts):
        if not y[i] and t in positive:
            w[i] = 0
    return y, w, found / max(1, len(truth))


def label_by_snippets(page, probability):
    """Labels where no body is known: snippets that must and must not appear, and blocks a first model is sure of."""
    flat = [" ".join(tokens(t)) for t in page.texts]
    y = (probability > 0.5).astype(np.int8)
    w = np.array([min(len(t.split()), 150) ** 0.7 + 1 for t in flat])
    w[(probability > 0.08) & (probability < 0.92)] = 0
    plus = [" ".join(tokens(s)) for s in page.truth.get("with", [])]
    minus = [" ".join(tokens(s)) for s in page.truth.get("without", [])]
    for i, t in enumerate(flat):
        full = min(len(t.split()), 150) ** 0.7 + 1
        if any(s and s in t for s in plus):
            y[i], w[i] = 1, full
        elif any(s and s in t for s in minus):
            y[i], w[i] = 0, full
    return y, w
