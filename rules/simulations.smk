"""Simulations that need nothing but the configuration."""


rule simulate_sphere:
    """Mismatched pairs on a sphere: landscapes, minima, gap-closing temperature."""
    output:
        landscape="<results>/statistics/sphere_landscape.parquet",
        minima="<results>/statistics/sphere_minima.parquet",
        bifurcation="<results>/statistics/sphere_bifurcation.parquet",
    log:
        "<logs>/simulate_sphere.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_version("simulate_sphere.py"),
        settings=settings("sphere"),
    script:
        "../scripts/simulate_sphere.py"


rule fig3_sphere_simulation:
    """Figure 3(e-g): mismatched pairs on a sphere keep the modalities apart."""
    input:
        landscape="<results>/statistics/sphere_landscape.parquet",
        minima="<results>/statistics/sphere_minima.parquet",
        bifurcation="<results>/statistics/sphere_bifurcation.parquet",
    output:
        pdf="<results>/figures/fig3_sphere_simulation.pdf",
        png=report(
            "<results>/figures/fig3_sphere_simulation.png",
            category="Figures",
            labels={"figure": "3e-g", "subject": "Sphere simulation"},
            caption="../report/fig3_sphere_simulation.rst",
        ),
    log:
        "<logs>/fig3_sphere_simulation.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("fig3_sphere_simulation.py"),
        settings=settings("figures", **CONFIG.get("sphere", {})),
    script:
        "../scripts/fig3_sphere_simulation.py"
