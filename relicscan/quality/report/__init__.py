"""report.html: what a technician looks at in the morning, and what proves a model years later.

    measured = measure(relic, levels, folder)          # pictures and maps: needs the arrays
    html = relic_page(manifest, run, measured)         # words and tables: relic.json and run.json

One file that asks nothing of the outside. Every figure in it is from the manifests, or was
measured for a picture and says so. `base.html`, `style.css` and `numbers` are for any report.
"""
