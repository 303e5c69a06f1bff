# Prints the folder of the libraries of the torch that this Python would import, and imports nothing of it.
import importlib.util
import os
import sys

# Not one that happens to lie in the folder that the command was called in.
sys.path = [entry for entry in sys.path if entry]
found = importlib.util.find_spec("torch")
for folder in list(found.submodule_search_locations or []) if found else []:
    print(os.path.join(os.path.abspath(folder), "lib"))
