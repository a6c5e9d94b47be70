"""Export of models into formats of other programs: ONNX, C, PyTorch, the Hugging Face Hub.

`formats.export` is the verb; every format is written from the description and the parameters.
"""
