"""An invoice as JSON: every field with the quote it was read from, its box, and whether the sums add up.

python examples/invoice_to_json.py [FILE]
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from mm_agents.demo import make_media
from mm_agents.documents import invoice


def main() -> None:
    with TemporaryDirectory() as folder:
        if len(sys.argv) == 1:
            make_media(Path(folder))
        read = invoice.build().read(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder, "scan.png"))
        document = read.to_json()
        for name in ("number", "due_date", "currency", "total"):
            field = document["fields"][name]
            place = field["evidence"][0]
            print(name, "=", field["value"], "| verified:", field["verified"], "|", place["quote"], place["box"])
        # > number = HP-2041 | verified: True | HP-2041 [731, 186, 813, 200]
        # > due_date = 2026-06-02 | verified: True | 2 June 2026 [698, 244, 809, 258]
        # > currency = EUR | verified: True | EUR [614, 645, 649, 661]
        # > total = 108.00 | verified: True | 108.00 [748, 646, 809, 660]
        for item in document["items"]:
            print(json.dumps([item[name] for name in ("quantity", "description", "unit_price", "amount")]))
        # > ["4", "Brass hinge", "4.50", "18.00"]
        # > ["1", "Garden lantern", "32.00", "32.00"]
        # > ["2", "Labour, hours", "20.00", "40.00"]
        for check in document["checks"][3:6]:
            print(check["name"], "|", check["status"], "|", check["detail"])
        # > items add up to the subtotal | passed | 18.00 + 32.00 + 40.00 = 90.00
        # > tax of 20 % = rate × base | passed | 20 % of 90.00 = 18.00
        # > subtotal + tax = total | passed | 90.00 + 18.00 = 108.00


if __name__ == "__main__":
    main()
