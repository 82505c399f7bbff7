from freecp_d2.utils.clip_library import import_clip

import_clip()  # test modules import it by name, which fails without setuptools
