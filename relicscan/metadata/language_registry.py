"""Which language tags and subtags are replaced by which: the IANA Language Subtag Registry.

Records with a Preferred-Value (RFC 5646, section 3.1.7) in the registry of File-Date 2025-08-25,
which IANA publishes under CC0. Redundant tags that follow from an extended language subtag
("zh-yue") are left to that. Subtags that are deprecated without a replacement ("YU") are not here:
nobody can say for a museum which of their successors was meant.
"""

from __future__ import annotations


def _pairs(text: str) -> dict[str, str]:
    """What is replaced, in lower case, and by what, from words such as "iw=he"."""
    pairs = (word.partition("=") for word in text.split())
    return {old.lower(): new for old, _, new in pairs}


#: Grandfathered and redundant tags, each as a whole. Those at the end have nothing better.
TAGS = _pairs("""
    art-lojban=jbo en-GB-oed=en-GB-oxendict i-ami=ami i-bnn=bnn i-hak=hak i-klingon=tlh i-lux=lb
    i-navajo=nv i-pwn=pwn i-tao=tao i-tay=tay i-tsu=tsu no-bok=nb no-nyn=nn sgn-BE-FR=sfb
    sgn-BE-NL=vgt sgn-CH-DE=sgg zh-guoyu=cmn zh-hakka=hak zh-min-nan=nan zh-xiang=hsn sgn-BR=bzs
    sgn-CO=csn sgn-DE=gsg sgn-DK=dsl sgn-ES=ssp sgn-FR=fsl sgn-GB=bfi sgn-GR=gss sgn-IE=isg
    sgn-IT=ise sgn-JP=jsl sgn-MX=mfs sgn-NI=ncs sgn-NL=dse sgn-NO=nsl sgn-PT=psr sgn-SE=swl
    sgn-US=ase sgn-ZA=sfs cel-gaulish=cel-gaulish i-default=i-default i-enochian=i-enochian
    i-mingo=i-mingo zh-min=zh-min
""")

#: Primary languages.
LANGUAGES = _pairs("""
    in=id iw=he ji=yi jw=jv mo=ro aam=aas adp=dz ajp=apc ajt=aeb asd=snz aue=ktz ayx=nun bgm=bcg
    bic=bir bjd=drl blg=iba ccq=rki cjr=mom cka=cmr cmk=xch coy=pij cqu=quh dek=sqm dit=dif drh=khk
    drr=kzk drw=prs gav=dev gfx=vaj ggn=gvr gli=kzk gti=nyc guv=duz hrr=jal ibi=opa ilw=gal jeg=oyb
    kgc=tdf kgh=kml kgm=plu koj=kwv krm=bmf ktr=dtp kvs=gdj kwq=yam kxe=tvd kxl=kru kzj=dtp kzt=dtp
    lak=ksp lii=raq llo=ngt lmm=rmx meg=cir mst=mry mwj=vaj myd=aog myt=mry nad=xny ncp=kdz nns=nbr
    nnx=ngv nom=cbr nte=eko nts=pij nxu=bpp oun=vaj pat=kxr pcr=adx pmc=huw pmk=crr pmu=phr ppa=bfy
    ppr=lcq prp=gu pry=prt puz=pub sca=hle skk=oyb smd=kmb snb=iba szd=umi tdu=dtp thc=tpo thw=ola
    thx=oyb tie=ras tkk=twm tlw=weo tmk=tdg tmp=tyj tne=kak tnf=prs tpw=tpn tsf=taj uok=ema xba=cax
    xia=acn xkh=waw xrq=dmw xss=zko ybd=rki yma=lrr ymt=mtm yos=zom yuu=yug zir=scv zkb=kjh
""")

#: Regions.
REGIONS = _pairs("BU=MM DD=DE FX=FR TP=TL YD=YE ZR=CD")

#: Variants.
VARIANTS = _pairs("heploc=alalc97")

_EXTENDED = {
    "ar": """
        aao abh abv acm acq acw acx acy adf aeb aec afb ajp apc apd arb arq ars ary arz auz avl ayh
        ayl ayn ayp bbz pga shu ssh""",
    "kok": "gom knn",
    "lv": "ltg lvs",
    "ms": """
        bjn btj bve bvu coa dup hji jak jax kvb kvr kxd lce lcf liw max meo mfa mfb min mqg msi mui
        orn ors pel pse tmw urk vkk vkt xmm zlm zmi zsm""",
    "sgn": """
        ads aed aen afg ajs ase asf asp asq asw bfi bfk bog bqn bqy bvl bzs cds csc csd cse csf csg
        csl csn csq csr csx doq dse dsl dsz ecs ehs esl esn eso eth fcs fse fsl fss gds gse gsg gsm
        gss gus hab haf hds hks hos hps hsh hsl icl iks ils inl ins ise isg isr jcs jhs jks jls jos
        jsl jus kgi kvk lbs lgs lls lsb lsc lsg lsl lsn lso lsp lst lsv lsw lsy lws mdl mfs mre msd
        msr mzc mzg mzy nbs ncs nsi nsl nsp nsr nzs okl pgz pks prl prz psc psd psg psl pso psp psr
        pys rib rms rnb rsi rsl rsm rsn sdl sfb sfs sgg sgx slf sls sqk sqs sqx ssp ssr svk swl syy
        szs tse tsm tsq tss tsy tza ugn ugy ukl uks vgt vsi vsl vsv wbs xki xml xms yds ygs yhs ysl
        ysm zib zsl""",
    "sw": "swc swh",
    "uz": "uzn uzs",
    "zh": """
        cdo cjy cmn cnp cpx csp czh czo gan hak hnm hsn luh lzh mnp nan sjc wuu yue""",
}

#: Extended languages and the primary language that each is written after: "yue" after "zh". Each
#: is preferred as a primary language by itself.
EXTENDED = {tag: prefix for prefix, tags in _EXTENDED.items() for tag in tags.split()}
