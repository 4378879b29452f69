#!/usr/bin/python3
"""evaluate.py - the figures of the extractor on a data folder: out of fold, and as shipped.

usage: evaluate.py [--program build/tidings] [--folds DIR] [--worst N] DATA_FOLDER

DATA_FOLDER holds the datasets and score.py, whose measures are printed. Out of fold: each page is judged by the model of
DIR that saw no page of its registrable domain (train.py --folds DIR).
"""
import argparse, json, os, re, tempfile
import pages as P

SETS = [("news-intl", "news"), ("news-vi", "news"), ("trafilatura-eval", "news"), ("wcxb-dev", "broad"), ("wcxb-dev", "news")]
FOLDS = 5


def scorer(folder):
    space = {"__name__": "score"}
    with open(os.path.join(folder, "score.py")) as f:
        source = re.sub(r"\nmain\(\)\s*$", "\n", f.read())
    exec(compile(source, "score.py", "exec"), space)
    return space["score"]


def domain_of(truth, answer, dataset, suffixes):
    host = P.host_of(truth.get("url")) or P.host_of(answer.get("canonical_url"))
    return suffixes.domain(host) if host else dataset + "/" + truth["id"]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--program", default="build/tidings")
    a.add_argument("--folds")
    a.add_argument("--worst", type=int, default=0)
    a.add_argument("--dump", help="write pages and answers here, for looking at the misses")
    a.add_argument("--sets", default="")
    a.add_argument("data")
    o = a.parse_args()
    score, suffixes = scorer(o.data), P.Suffixes()
    for name, mode in SETS:
        if o.sets and name not in o.sets.split(","):
            continue
        base = os.path.join(o.data, name)
        with open(os.path.join(base, "truth.jsonl"), encoding="utf-8") as f:
            truths = list(map(json.loads, f))
        asked = [(os.path.join(base, t["html"]), t.get("url")) for t in truths]
        shipped = P.ask(o.program, asked, None, mode, dump=False)
        clean = lambda answers: [{} if "error" in g else g for g in answers]
        if o.folds:
            fold = [P.fold_of(domain_of(t, g, name, suffixes), FOLDS) for t, g in zip(truths, shipped)]
            got = [None] * len(truths)
            for k in range(FOLDS):
                mine = [i for i in range(len(truths)) if fold[i] == k]
                for i, g in zip(mine, P.ask(o.program, [asked[i] for i in mine], os.path.join(o.folds, "fold%d.model" % k), mode, dump=False)):
                    got[i] = g
            print("out of fold, %s:" % mode)
            score(name, truths, clean(got), float("inf"), o.worst)
            called(name, got)
            if o.dump:
                with open(os.path.join(o.dump, "%s-%s.jsonl" % (name, mode)), "w") as f:
                    for t, g in zip(truths, got):
                        f.write(json.dumps({"truth": t, "answer": g}, ensure_ascii=False) + "\n")
        print("shipped, %s:" % mode)
        score(name, truths, clean(shipped), float("inf"), 0)
        called(name, shipped)


def called(name, answers):
    if name in ("news-intl", "news-vi"):
        yes = sum(g.get("page_type") == "article" for g in answers)
        print("    called article: %d of %d" % (yes, len(answers)))


if __name__ == "__main__":
    main()
