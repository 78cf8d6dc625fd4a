"""The screens: pages, templates, live events, languages. May import the areas, formats, platform and doors.problems."""
