import os

print(os.environ["GREETING"], "from a container")
