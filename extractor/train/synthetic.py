"""Vietnamese news pages made of templates, for training and testing: the shapes that real papers use, around text of our own."""


def load(program, count, part):
    return []
