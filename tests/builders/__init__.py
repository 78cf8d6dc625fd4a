"""Small builders of what tests need: `a_subject(Role.RADIOLOGIST)`, `a_study(modality="DX")`."""
