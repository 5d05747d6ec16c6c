"""Training by contrast: what belongs together is drawn together, what does not is pushed apart.

``data`` reads pictures with classes or pairs, ``model`` is the network, ``losses`` what it learns from, ``train`` the
loop with its checkpoints, ``align`` a small projection behind an embedder that stays as it is. A trained folder is an
embedder: ``contrastive:FOLDER``. Needs the extra ``train``; importing these modules does not.
"""
